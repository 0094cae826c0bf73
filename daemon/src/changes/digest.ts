/** The name of a change set: what an approval says yes to. Flags are opinions and stay out of it. */
import { hash } from 'node:crypto'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Change, Resolved, Signature } from '@nexus/protocol/changes'
import { comparePaths, pathOf } from './byte-path.ts'

/** Hex sha256 of the canonical JSON of [{path, kind, from, before, after}], sorted by path bytes. */
export function digestOf(changes: readonly Change[]): string {
  return hash('sha256', canonicalChanges(changes), 'hex')
}

/**
 * The name of a change set in which conflicts were settled: hex sha256 of the canonical JSON of {changes, resolved}. What
 * was decided is part of it, for taking the run's version of a path may leave the change itself as it was.
 */
export function mergedDigestOf(changes: readonly Change[], resolved: readonly Resolved[]): string {
  const decisions = resolved.map(({ path, choice }) => ({ key: pathOf(path), text: `{"choice":"${choice}","path":${bytesText(path)}}` })).sort((a, b) => comparePaths(a.key, b.key))
  return hash('sha256', `{"changes":${canonicalChanges(changes)},"resolved":[${decisions.map(({ text }) => text).join(',')}]}`, 'hex')
}

/**
 * canonicalJson of the same list, written out for this one shape: members in the order of their names, absent ones left
 * out. A change set of a thousand entries is sealed in a fraction of the time; a test holds the two against each other.
 */
export function canonicalChanges(changes: readonly Change[]): string {
  const sorted = changes.map((change) => ({ key: pathOf(change.path), change })).sort((a, b) => comparePaths(a.key, b.key))
  return `[${sorted.map(({ change }) => changeText(change)).join(',')}]`
}

function changeText({ path, kind, from, before, after }: Change): string {
  const ends = `${after ? `"after":${signatureText(after)},` : ''}${before ? `"before":${signatureText(before)},` : ''}`
  return `{${ends}${from === undefined ? '' : `"from":${bytesText(from)},`}"kind":"${kind}","path":${bytesText(path)}}`
}

function signatureText({ gid, linkTarget, mode, mtimeNs, sha256, size, type, uid }: Signature): string {
  const target = linkTarget === undefined ? '' : `"linkTarget":${bytesText(linkTarget)},`
  const content = sha256 === undefined ? '' : `"sha256":"${sha256}",`
  return `{"gid":${gid},${target}"mode":"${mode}","mtimeNs":"${mtimeNs}",${content}"size":${size},"type":"${type}","uid":${uid}}`
}

function bytesText(bytes: Bytes): string {
  return typeof bytes === 'string' ? JSON.stringify(bytes) : `{"base64":"${bytes.base64}"}`
}
