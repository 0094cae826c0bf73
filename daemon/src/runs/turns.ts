/** SQLite takes a limited number of values in one statement. */
export function inTurns<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / 500) }, (_, turn) => items.slice(turn * 500, turn * 500 + 500))
}
