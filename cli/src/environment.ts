/** The caller's variables that may go into a run; secrets never leave this process. */
import { isPassed } from '@nexus/protocol/passed-names'

export function callersEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && (isPassed(entry[0]) || entry[0] === 'HOME')))
}
