/** A person has left a terminal whose run goes on; somebody else, or the same person later, attaches to it again. */
import { EXIT } from '@nexus/protocol/exit-code'
import type { Run } from '@nexus/protocol/runs'
import type { Invocation } from './command.ts'

export function left({ tell, errorTheme }: Invocation, { id }: Run): number {
  tell(`${errorTheme.accent('left')}: ${id} goes on — nexus attach ${id}, nexus kill ${id}`)
  return EXIT.ok
}
