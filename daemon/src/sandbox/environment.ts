/** Which of the caller's variables a command sees. Everything else, and all of the daemon's own, stays outside. */
import { isPassed } from '@nexus/protocol/passed-names'

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The whole environment of a command inside. CI and NO_COLOR only when the caller has them: inside is as outside. */
export function environmentInside(callers: Readonly<Record<string, string | undefined>>, userHome: string): Record<string, string> {
  const passed = Object.entries(callers).filter((entry): entry is [string, string] => entry[1] !== undefined && isPassed(entry[0]))
  return {
    PATH: DEFAULT_PATH,
    ...Object.fromEntries(passed),
    HOME: userHome,
    // A command that only looks (git status) must not rewrite the index: it would show as a change.
    GIT_OPTIONAL_LOCKS: '0',
  }
}
