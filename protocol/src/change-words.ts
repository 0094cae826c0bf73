/** The words and signs of a change set, the same in every client. */
import type { ChangeFlag, ChangeKind, Choice, Conflict } from './changes.ts'
import type { Progress } from './run-output.ts'

export const SIGNS: Readonly<Record<ChangeKind, string>> = { added: '+', modified: '~', deleted: '-', renamed: '→', type: '!', meta: '·' }

/** Completes "this path is …". */
export const FLAG_WORDS: Readonly<Record<ChangeFlag, string>> = {
  'auto-exec': 'runs by itself later', 'nexus-settings': 'settings of Nexus', setuid: 'setuid', hardlink: 'one of several hard links', special: 'special file',
  'git-internal': 'inside .git', 'outside-symlink': 'link out of the project', 'base-moved': 'changed on the host during the run', xattrs: 'extended attributes', unreadable: 'unreadable',
}

/** Why a path was left alone. */
export const CONFLICT_WORDS: Readonly<Record<Conflict['reason'], string>> = {
  changed: 'the host has something else by now', appeared: 'something is there that the run did not see', vanished: 'it is gone from the host',
  parent: 'a folder on its way is not the one the run saw', 'base-moved': 'it changed on the host while the command ran', 'not-empty': 'the folder holds files that the run did not see',
  hardlink: 'it has other names (hard links): name it to break the link', special: 'sockets, pipes and devices are never applied', io: 'it could not be read or written',
}

/** What a person decides about a path in conflict: whose version is written. */
export const CHOICE_WORDS: Readonly<Record<Choice, string>> = { merge: 'merge', take: "the run's", keep: "the host's", skip: 'later' }

/** What an apply or a rollback is doing. */
export const PHASE_WORDS: Readonly<Record<Progress['phase'], string>> = { saving: 'saving what was', staging: 'writing what will be', changing: 'changing' }
