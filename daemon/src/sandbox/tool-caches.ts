/**
 * Folders and files in a private home or /tmp that tools fill to be quicker the next time, by their exact places: nobody made them,
 * nobody misses them, and npm alone would fill a screen with them. The same name at any other place is told.
 */
import { join } from 'node:path'

/** `~` is the home. */
const PLACES = ['/tmp/node-compile-cache', '/tmp/jiti', '~/.cache/node-gyp', '~/.cache/node/corepack', '~/.cache/go-build', '~/.cache/pip', '~/.cache/typescript',
  '~/.cargo/.global-cache', '~/.cargo/.package-cache', '~/.cargo/.package-cache-mutate'] as const

export function toolCaches(userHome: string): ReadonlySet<string> {
  return new Set(PLACES.map((place) => (place.startsWith('~/') ? join(userHome, place.slice(2)) : place)))
}
