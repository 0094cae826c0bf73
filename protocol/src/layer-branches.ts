/** What is drawn left of a layer in the picture of its tree, and left of the lines below it; the same on every screen. */
import type { LayerNode } from './layers.ts'

export interface Branches {
  readonly trunk: string
  /** For further lines of the same layer. */
  readonly hangs: string
}

/** Deeper than this a tree is drawn no further to the right, so that a line keeps its words; the depth is told instead. */
const INDENT_MAX = 12

/** `layers`: each before what stands on it. */
export function branchesOf(layers: readonly Pick<LayerNode, 'depth'>[], at: number): Branches {
  const depth = layers[at]?.depth ?? 0
  const goesOn = (level: number) => {
    for (const later of layers.slice(at + 1)) {
      if (later.depth < level) return false
      if (later.depth === level) return true
    }
    return false
  }
  if (depth === 0) return { trunk: '', hangs: goesOn(1) ? '│' : ' ' }
  const above = Array.from({ length: depth - 1 }, (_, index) => index + 1).slice(-INDENT_MAX)
  const skipped = depth - 1 > INDENT_MAX ? `${depth} ` : ''
  const lead = skipped + above.map((level) => (goesOn(level) ? '│ ' : '  ')).join('')
  const isLast = !goesOn(depth)
  return { trunk: `${lead}${isLast ? '└ ' : '├ '}`, hangs: `${lead.replace(/\d/g, ' ')}${isLast ? '  ' : '│ '}${goesOn(depth + 1) ? '│' : ' '}` }
}
