/** The colours, once. Colour never stands alone: there is always a word or a sign with it. */
export interface Theme {
  readonly isColoured: boolean
  readonly strong: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly careful: (text: string) => string
  readonly bad: (text: string) => string
  readonly accent: (text: string) => string
}

const paint = (open: number, close: number) => (text: string) => `\u001B[${open}m${text}\u001B[${close}m`
const plain = (text: string) => text

const COLOURED: Theme = { isColoured: true, strong: paint(1, 22), dim: paint(2, 22), good: paint(32, 39), careful: paint(33, 39), bad: paint(31, 39), accent: paint(36, 39) }
const PLAIN: Theme = { isColoured: false, strong: plain, dim: plain, good: plain, careful: plain, bad: plain, accent: plain }

/** `auto` colours a terminal unless NO_COLOR is set (to anything but nothing) or TERM is dumb. */
export function themeFor(stream: { isTTY?: boolean }, choice: 'auto' | 'always' | 'never', env: Readonly<Record<string, string | undefined>>): Theme {
  if (choice === 'always') return COLOURED
  if (choice === 'never' || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb') return PLAIN
  return stream.isTTY === true || (env.FORCE_COLOR ?? '0') !== '0' ? COLOURED : PLAIN
}
