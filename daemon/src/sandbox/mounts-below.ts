/** File systems mounted below a folder: an overlay shows them empty, so they are shown read-only instead. */
import { readFileSync } from 'node:fs'
import { isInside } from '../base/project.ts'

/** Outermost first; what lies in a listed one comes with it. */
export function mountsBelow(folder: string): string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
    .map((line) => unescape(line.split(' ')[4] ?? ''))
    .filter((point) => point !== folder && isInside(point, folder))
    .sort((one, other) => one.length - other.length)
  return points.filter((point, at) => !points.slice(0, at).some((outer) => isInside(point, outer)))
}

/** Blanks, tabs, line breaks and backslashes stand there as three octal digits. */
function unescape(field: string): string {
  return field.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
