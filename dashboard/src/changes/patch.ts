/** A unified patch as rows, in one column or side by side; where a line was only edited, what of it. */
export interface Line {
  readonly kind: 'same' | 'added' | 'removed' | 'hunk' | 'note'
  readonly oldNumber?: number
  readonly newNumber?: number
  readonly text: string
  /** The stretch that differs from the line it replaces or is replaced by. */
  readonly edited?: readonly [from: number, to: number]
}

export interface Pair { readonly left: Line | undefined; readonly right: Line | undefined }

/** The lines of a patch without its file headers, which the tree shows already. */
export function linesOf(patch: string): Line[] {
  const lines: Line[] = []
  let [oldNumber, newNumber, isInside] = [0, 0, false]
  for (const text of patch.replace(/\n$/, '').split('\n')) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text)
    if (hunk) {
      [oldNumber, newNumber, isInside] = [Number(hunk[1]), Number(hunk[2]), true]
      lines.push({ kind: 'hunk', text })
    } else if (text.startsWith('diff --git ')) isInside = false
    else if (!isInside) {
      if (!/^(--- |\+\+\+ |$)/.test(text)) lines.push({ kind: 'note', text })
    } else if (text.startsWith('+')) lines.push({ kind: 'added', newNumber: newNumber++, text: text.slice(1) })
    else if (text.startsWith('-')) lines.push({ kind: 'removed', oldNumber: oldNumber++, text: text.slice(1) })
    else if (text.startsWith('\\')) lines.push({ kind: 'note', text: text.slice(2) })
    else lines.push({ kind: 'same', oldNumber: oldNumber++, newNumber: newNumber++, text: text.slice(1) })
  }
  return withEdits(lines)
}

/** Removed lines beside the added ones that follow them. */
export function pairsOf(lines: readonly Line[]): Pair[] {
  const pairs: Pair[] = []
  forEachBlock(lines, (removed, added) => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) pairs.push({ left: removed[at], right: added[at] })
  }, (line) => pairs.push({ left: line, right: line }))
  return pairs
}

function withEdits(lines: readonly Line[]): Line[] {
  const marked: Line[] = []
  forEachBlock(lines, (removed, added) => {
    const edits = removed.map((line, at) => (added[at] && removed.length === added.length ? editedIn(line.text, added[at].text) : undefined))
    marked.push(...removed.map((line, at) => (edits[at] ? { ...line, edited: edits[at].old } : line)), ...added.map((line, at) => (edits[at] ? { ...line, edited: edits[at].new } : line)))
  }, (line) => marked.push(line))
  return marked
}

function forEachBlock(lines: readonly Line[], block: (removed: Line[], added: Line[]) => void, other: (line: Line) => void): void {
  for (let at = 0; at < lines.length; ) {
    const removed = stretch(lines, at, 'removed')
    const added = stretch(lines, at + removed.length, 'added')
    const line = lines[at]
    if (removed.length + added.length > 0) block(removed, added)
    else if (line) other(line)
    at += Math.max(1, removed.length + added.length)
  }
}

function stretch(lines: readonly Line[], from: number, kind: Line['kind']): Line[] {
  let end = from
  while (lines[end]?.kind === kind) end += 1
  return lines.slice(from, end)
}

/** Nothing when the lines have too little in common for a mark to help. */
function editedIn(old: string, now: string): { old: [number, number]; new: [number, number] } | undefined {
  const shorter = Math.min(old.length, now.length)
  let head = 0
  while (head < shorter && old[head] === now[head]) head += 1
  let tail = 0
  while (tail < shorter - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1
  if (head + tail < shorter / 3) return undefined
  return { old: [head, old.length - tail], new: [head, now.length - tail] }
}
