/** A proof in two lines: the digest whole, so that it can be compared, and what it is of. */
import type { Proof } from '@nexus/protocol/proof'
import { safe } from '@nexus/protocol/readable'
import { bytes, duration, plural } from '@nexus/protocol/words'
import type { Theme } from './theme.ts'

export function proofLines({ project, digest, entries, bytes: size, unread, durationMs }: Proof, theme: Theme): string[] {
  const left = unread === 0 ? '' : `, ${theme.careful(`${unread} not read`)}`
  return [`  proof    ${theme.strong(digest)}`, `           ${plural(entries, 'entry', 'entries')}, ${bytes(size)} in ${duration(durationMs)}${left}: ${safe(project)}`]
}
