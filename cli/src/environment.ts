/** The caller's variables that may go into a run; the daemon keeps its own, same list. Secrets never leave this process. */
const NAMES = ['PATH', 'HOME', 'LANG', 'LANGUAGE', 'TERM', 'TZ', 'COLORTERM', 'EDITOR', 'VISUAL', 'PAGER', 'USER', 'LOGNAME', 'SHELL', 'CI', 'NO_COLOR', 'FORCE_COLOR']

export function callersEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && (NAMES.includes(entry[0]) || entry[0].startsWith('LC_'))))
}
