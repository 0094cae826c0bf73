/** SGR: how a stretch of output looks. Styles are compared by identity: an unchanged one stays the same object. */
export interface Style {
  /** 0 to 15, or red, green and blue. */
  readonly ink?: number | readonly [number, number, number]
  readonly paper?: number | readonly [number, number, number]
  readonly bold?: true
  readonly dim?: true
  readonly italic?: true
  readonly underline?: true
  readonly inverse?: true
  readonly struck?: true
}

export const beginStyle: Style = {}

export function restyled(style: Style, parameters: string): Style {
  const codes = parameters.replaceAll(':', ';').split(';').map((code) => Number(code || '0'))
  let next = style
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0
    if (code !== 38 && code !== 48) { next = simple(next, code); continue }
    const [colour, length] = extended(codes.slice(at + 1))
    if (colour !== undefined) next = code === 38 ? { ...next, ink: colour } : { ...next, paper: colour }
    at += length
  }
  return next
}

const ON: Readonly<Record<number, Style>> = { 1: { bold: true }, 2: { dim: true }, 3: { italic: true }, 4: { underline: true }, 7: { inverse: true }, 9: { struck: true } }
const OFF: Readonly<Record<number, readonly (keyof Style)[]>> = { 22: ['bold', 'dim'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 29: ['struck'], 39: ['ink'], 49: ['paper'] }

function simple(style: Style, code: number): Style {
  if (code === 0) return beginStyle
  if (ON[code]) return { ...style, ...ON[code] }
  if (OFF[code]) return Object.fromEntries(Object.entries(style).filter(([name]) => !OFF[code]?.some((gone) => gone === name)))
  if (code >= 30 && code <= 37) return { ...style, ink: code - 30 }
  if (code >= 40 && code <= 47) return { ...style, paper: code - 40 }
  if (code >= 90 && code <= 97) return { ...style, ink: code - 82 }
  if (code >= 100 && code <= 107) return { ...style, paper: code - 92 }
  return style
}

/** `5;n` and `2;r;g;b`, with how many codes they took. */
function extended([kind, ...rest]: readonly number[]): [Style['ink'] | undefined, number] {
  if (kind === 2) return [[byte(rest[0]), byte(rest[1]), byte(rest[2])], 4]
  if (kind !== 5) return [undefined, 1]
  const index = byte(rest[0])
  if (index < 16) return [index, 2]
  if (index >= 232) return [[grey(index), grey(index), grey(index)], 2]
  const cube = index - 16
  return [[level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)], 2]
}

function byte(value: number | undefined): number {
  return Math.min(255, Math.max(0, Math.trunc(value ?? 0) || 0))
}

function grey(index: number): number {
  return 8 + (index - 232) * 10
}

function level(step: number): number {
  return step === 0 ? 0 : 55 + step * 40
}
