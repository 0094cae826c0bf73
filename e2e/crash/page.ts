/** Writes docs/crash-table.md from the table. `node e2e/crash/page.ts` prints it. */
import { FAULTS, RACES } from './fault-table.ts'
import { KILL_POINTS } from './table.ts'

export function page(): string {
  return [
    '# The crash table', '',
    'What is true when everything stops in the middle of an apply, a partial apply or a rollback (one engine carries out all three),',
    'and what Nexus does about it. Recovery runs at the next start of any command that reaches the daemon, before it listens.',
    'The promise: each file is whole, the *set* is old or new, nothing that was acknowledged is lost, the status tells the truth.', '',
    'This page is generated from `e2e/crash/table.ts` and `e2e/crash/fault-table.ts` (`node e2e/crash/page.ts > docs/crash-table.md`),',
    'and so are the tests: `npm test` takes a seeded slice of the moments, `npm run endurance` takes every single one.', '',
    '## Killed: `kill -9`, power failure', '',
    '| journal | it was about to | recovery finds | and does | the host is then | you see |', '|---|---|---|---|---|---|',
    ...KILL_POINTS.map(({ journal, doing, finds, does, host, sees }) => row(journal === 'none' ? '—' : `\`${journal}\``, doing, finds, does, `**${host}**`, sees)), '',
    'A power failure is tried on a disk that forgets (`e2e/crash/disk-model.ts`): of what was not flushed it loses bytes and attributes in any',
    'combination, and names from some moment on, in the order in which file systems with a journal keep them. A file system without that order',
    '(FAT, ext2) may need a person after a power failure: recovery then leaves all as it is, and `nexus show` names the paths. Pre-images that',
    'had been let go and are there again are let go once more: they would be second names of the files of the host.', '',
    '## Failing: full disks, I/O errors, permissions', '',
    'The host as it is once the cause is mended and the next command has come. Until then each file is whole, and `applying` says that the set may not be.', '',
    '| what | when | Nexus | the host is then | you see |', '|---|---|---|---|---|',
    ...FAULTS.map(({ what, when, does, host, sees }) => row(what, when, does, `**${host}**`, sees)), '',
    '## Somebody else at work', '',
    '| what | when | Nexus | the host is then | you see |', '|---|---|---|---|---|',
    ...RACES.map(({ what, when, does, host, sees }) => row(what, when, does, `**${host}**`, sees)), '',
  ].join('\n')
}

function row(...cells: string[]): string {
  return `| ${cells.join(' | ')} |`
}

if (import.meta.main) process.stdout.write(page())
