/**
 * Paths inside this room: relative, `/` between names, one character per byte (latin1). So they compare and sort by
 * bytes, serve as keys, and hold every name a file system allows.
 */
import { fromBytes, toBytes, type Bytes } from '@nexus/protocol/bytes'

export type BytePath = string & { readonly __bytes: 'path' }

/** The project itself. */
export const TOP = '' as BytePath

export function pathOf(bytes: Bytes): BytePath {
  return typeof bytes === 'string' && isAscii(bytes) ? (bytes as BytePath) : latin1(fromBytes(bytes))
}

export function wireOf(path: BytePath): Bytes {
  return isAscii(path) ? path : toBytes(Buffer.from(path, 'latin1'))
}

/** The byte form of a path that a person or the daemon wrote as text. */
export function fromText(text: string): BytePath {
  return latin1(Buffer.from(text, 'utf8'))
}

export function latin1(bytes: Buffer): BytePath {
  return bytes.toString('latin1') as BytePath
}

/** What Node's file functions take: plain ASCII as it is, anything else as bytes. */
export function fsPath(path: string): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, 'latin1')
}

/** Nearly every path; then characters and bytes are the same thing. */
function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

export function below(folder: BytePath, name: string): BytePath {
  return (folder === '' ? name : `${folder}/${name}`) as BytePath
}

export function parentOf(path: BytePath): BytePath {
  const slash = path.lastIndexOf('/')
  return (slash < 0 ? '' : path.slice(0, slash)) as BytePath
}

export function nameOf(path: BytePath): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function depthOf(path: BytePath): number {
  let depth = 0
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) === 47) depth += 1
  return depth
}

export function isBelow(path: BytePath, folder: BytePath): boolean {
  return folder === '' ? path !== '' : path.length > folder.length && path.charCodeAt(folder.length) === 47 && path.startsWith(folder)
}

export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
