/** Every command of the client. To add one: one file beside this, one entry here. */
import type { CommandSpec, OptionSpec } from '../command.ts'

const project: Record<string, OptionSpec> = { project: { type: 'string', value: 'DIR', help: 'the project (default: the one around here)' } }
const color: Record<string, OptionSpec> = { color: { type: 'string', value: 'WHEN', help: 'auto, always or never' } }

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'run', summary: 'run a command in a layer, show what it would change, decide', usage: '[options] -- CMD [ARG…]', positionals: { min: 1, max: Infinity }, exits: [2, 3, 4, 5, 124, 125, 126, 127, 130], takesCommand: true,
    load: () => import('./run.ts'),
    options: {
      cwd: { type: 'string', value: 'DIR', help: 'run there' },
      ...project,
      apply: { type: 'boolean', help: 'apply if exit 0, check passed, nothing flagged' },
      keep: { type: 'boolean', help: 'keep the layer, ask nothing' },
      discard: { type: 'boolean', help: 'throw the layer away afterwards' },
      timeout: { type: 'string', value: 'TIME', help: 'end it after TIME (90s, 10m, 1h): exit 124' },
      check: { type: 'string', value: 'CMD', help: 'run CMD over the result; gates --apply' },
      net: { type: 'string', value: 'off|on', help: "off (default), or on: the host's, not isolated" },
      backend: { type: 'string', value: 'auto|overlay|copy', help: 'how the layer is made' },
      on: { type: 'string', value: 'RUN', help: 'not available yet' },
      detach: { type: 'boolean', help: 'not available yet' },
      env: { type: 'string', value: 'NAME', help: 'not available yet' },
      secret: { type: 'string', value: 'NAME', help: 'not available yet' },
    },
  },
  { name: 'runs', summary: 'the runs of this project, newest first', usage: '[--all] [--limit N] [--before RUN]', positionals: { min: 0, max: 0 }, exits: [2, 125, 127], load: () => import('./runs.ts'),
    options: { ...project, all: { type: 'boolean', help: 'of every project' }, limit: { type: 'string', value: 'N', help: 'at most N (100)' }, before: { type: 'string', value: 'RUN', help: 'older than RUN' } } },
  { name: 'show', summary: 'what a run did', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 125, 127], load: () => import('./show.ts'), options: { ...project, output: { type: 'boolean', help: 'its stored output only, byte for byte' } } },
  { name: 'diff', summary: 'the patch of a run', usage: 'RUN [PATH…]', positionals: { min: 1, max: Infinity }, exits: [2, 125, 126, 127], load: () => import('./diff.ts'), options: { ...project, ...color, stat: { type: 'boolean', help: 'only the list of changes' } } },
  { name: 'apply', summary: 'bring a change set, or some paths of it, to the host', usage: 'RUN [PATH…]', positionals: { min: 1, max: Infinity }, exits: [2, 3, 4, 125, 126, 127], load: () => import('./apply.ts'),
    options: {
      ...project, digest: { type: 'string', value: 'SHA256', help: 'only if the change set is this one' },
      merge: { type: 'boolean', help: "join the host's edits and the run's where they do not overlap" },
      take: { type: 'string', value: 'PATH', multiple: true, help: "in conflict: the run's version replaces the host's" },
      keep: { type: 'string', value: 'PATH', multiple: true, help: "in conflict: the host's version stays, for good" },
      skip: { type: 'string', value: 'PATH', multiple: true, help: 'in conflict: leave it for later' },
      'skip-rest': { type: 'boolean', help: 'leave every other conflict for later' },
    } },
  { name: 'conflicts', summary: 'what an apply would meet on the host now, path by path', usage: 'RUN [PATH…]', positionals: { min: 1, max: Infinity }, exits: [2, 3, 125, 126, 127], load: () => import('./conflicts.ts'), options: { ...project, ...color, patch: { type: 'boolean', help: 'with the diffs of both sides (also when PATH is given)' } } },
  { name: 'rerun', summary: 'the same command again, on the host as it is now', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 3, 4, 5, 124, 125, 126, 127, 130], load: () => import('./rerun.ts'),
    options: { ...project, apply: { type: 'boolean', help: 'apply if exit 0, check passed, nothing flagged' }, keep: { type: 'boolean', help: 'keep the layer, ask nothing' }, discard: { type: 'boolean', help: 'throw the layer away afterwards' } } },
  { name: 'rollback', summary: 'take an applied run back', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 3, 125, 126, 127], load: () => import('./rollback.ts'), options: { ...project } },
  { name: 'discard', summary: 'throw a layer away', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./discard.ts'), options: { ...project } },
  { name: 'shell', summary: 'a terminal inside a kept layer', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./shell.ts'), options: { ...project } },
  { name: 'pin', summary: 'keep a run beyond its time, until --release', usage: 'RUN [--release]', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./pin.ts'), options: { ...project, release: { type: 'boolean', help: 'let it go when its time is over' } } },
  { name: 'approve', summary: 'answer a run that waits for a person', usage: 'RUN [--deny]', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127, 130], load: () => import('./approve.ts'), options: { ...project, deny: { type: 'boolean', help: 'refuse it' } } },
  { name: 'kill', summary: 'stop one run, or everything until --release', usage: '[RUN] [--release]', positionals: { min: 0, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./kill.ts'), options: { ...project, release: { type: 'boolean', help: 'let runs start again' } } },
  { name: 'dashboard', summary: 'open the dashboard in the browser, by a link that is good once', usage: '[--no-open]', positionals: { min: 0, max: 0 }, exits: [2, 125], load: () => import('./dashboard.ts'),
    options: { 'no-open': { type: 'boolean', help: 'only print the link' } } },
  { name: 'status', summary: 'the daemon and the sandbox in a few lines', usage: '', positionals: { min: 0, max: 0 }, exits: [2, 125], load: () => import('./status.ts'), options: {} },
  { name: 'doctor', summary: 'try every back end for real; say what is missing and how to get it', usage: '', positionals: { min: 0, max: 0 }, exits: [2, 125, 126], load: () => import('./doctor.ts'), options: {} },
  { name: 'daemon', summary: 'start, stop, restart, status or logs of the daemon', usage: 'start|stop|restart|status|logs', positionals: { min: 1, max: 1 }, exits: [2, 125], load: () => import('./daemon.ts'), options: { follow: { type: 'boolean', short: 'f', help: 'logs: go on as they come' } } },
  { name: 'events', summary: 'the log of everything that happened', usage: '[--after SEQ] [--follow]', positionals: { min: 0, max: 0 }, exits: [2, 125], load: () => import('./events.ts'),
    options: { after: { type: 'string', value: 'SEQ', help: 'later than SEQ' }, follow: { type: 'boolean', short: 'f', help: 'go on as they come' } } },
  { name: 'gc', summary: 'delete what is past its time: layers 14 days, pre-images 30', usage: '[--dry-run]', positionals: { min: 0, max: 0 }, exits: [2, 125], load: () => import('./gc.ts'), options: { 'dry-run': { type: 'boolean', help: 'only say what would be deleted' } } },
]
