/** `--help` and `--version` do nothing else, wherever they stand before `--`. */
export function asksForHelp(words: readonly string[], hasSubs: boolean): boolean {
  const end = words.indexOf('--')
  const own = end < 0 ? words : words.slice(0, end)
  if (own.includes('--help') || own.includes('/?')) return true
  if (own.length === 1 && ['--version', '-V', '-version', '--usage', 'version', 'help', '-help'].includes(own[0] ?? '')) return hasSubs || (own[0] ?? '').startsWith('-')
  return hasSubs && (own[0] === 'help' || own.at(-1) === 'help' || (own.at(-1) === '-h' && own.length <= 4))
}
