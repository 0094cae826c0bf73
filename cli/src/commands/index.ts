/** Every command of the client. To add one: one file beside this, one entry here. */
import type { CommandSpec, OptionSpec } from '../command.ts'

const project: Record<string, OptionSpec> = { project: { type: 'string', value: 'DIR', help: 'the project (default: the one around here)' } }
const net: Record<string, OptionSpec> = { net: { type: 'string', value: 'off|HOST,…|on', multiple: true, help: "nothing, these hosts, or the host's own" } }
const backend: Record<string, OptionSpec> = { backend: { type: 'string', value: 'auto|overlay|copy', help: 'how the layer is made' } }
const secret: Record<string, OptionSpec> = { secret: { type: 'string', value: 'NAME[@HOST]', multiple: true, help: 'kept out of its output; @HOST: never inside' } }
const detach: Record<string, OptionSpec> = { detach: { type: 'boolean', help: 'do not wait for it; print its id' } }
const noPty: Record<string, OptionSpec> = { 'no-pty': { type: 'boolean', help: 'no terminal inside, even from a terminal' } }
/** The answer beforehand. */
const wishes: Record<string, OptionSpec> = {
  apply: { type: 'boolean', help: 'apply if exit 0, check passed, nothing flagged' },
  keep: { type: 'boolean', help: 'keep the layer, ask nothing' },
  discard: { type: 'boolean', help: 'throw the layer away afterwards' },
}
/** Where a command runs, how long, and what becomes of what it leaves. */
const carrying: Record<string, OptionSpec> = {
  cwd: { type: 'string', value: 'DIR', help: 'run there' },
  ...project,
  ...wishes,
  timeout: { type: 'string', value: 'TIME', help: 'end it after TIME (90s, 10m, 1h): exit 124' },
  check: { type: 'string', value: 'CMD', help: 'run CMD (auto: its tests) after; gates --apply' },
}
const color: Record<string, OptionSpec> = { color: { type: 'string', value: 'WHEN', help: 'auto, always or never' } }

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'run', summary: 'run a command in a layer, show what it would change, decide', usage: '[options] -- CMD [ARG…]', positionals: { min: 1, max: Infinity }, exits: [2, 3, 4, 5, 124, 125, 126, 127, 130], takesCommand: true,
    load: () => import('./run.ts'),
    options: {
      ...carrying,
      ...net,
      ...backend,
      on: { type: 'string', value: 'RUN', help: 'stack on that kept run: see what it left' },
      ...detach,
      publish: { type: 'string', short: 'p', value: '[HOST:]PORT', multiple: true, help: 'reach its PORT at 127.0.0.1 here' },
      ...noPty,
      env: { type: 'string', value: 'NAME', multiple: true, help: 'hand this variable to the run; never stored' },
      ...secret,
    },
  },
  { name: 'runs', summary: 'the runs of this project, newest first', usage: '[--all] [--limit N] [--before RUN]', positionals: { min: 0, max: 0 }, exits: [2, 125, 127], load: () => import('./runs.ts'),
    options: { ...project, all: { type: 'boolean', help: 'of every project' }, limit: { type: 'string', value: 'N', help: 'at most N (100)' }, before: { type: 'string', value: 'RUN', help: 'older than RUN' } } },
  { name: 'show', summary: 'what a run did', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 125, 127], load: () => import('./show.ts'), options: { ...project, output: { type: 'boolean', help: 'its stored output only, byte for byte' } } },
  { name: 'diff', summary: 'the patch of a run', usage: 'RUN [PATH…]', positionals: { min: 1, max: Infinity }, exits: [2, 125, 126, 127], load: () => import('./diff.ts'), options: { ...project, ...color, stat: { type: 'boolean', help: 'only the list of changes' }, against: { type: 'string', value: 'parent|host', help: 'what it is compared with: the run below it, or the host' } } },
  { name: 'apply', summary: 'bring a change set, or some paths of it, to the host', usage: 'RUN [PATH…]', positionals: { min: 1, max: Infinity }, exits: [2, 3, 4, 125, 126, 127], load: () => import('./apply.ts'),
    options: {
      ...project, digest: { type: 'string', value: 'SHA256', help: 'only if the change set is this one' },
      confirm: { type: 'string', value: 'WORD', help: '`critical`: you know that its verdict is' },
      merge: { type: 'boolean', help: "join the host's edits and the run's where they do not overlap" },
      take: { type: 'string', value: 'PATH', multiple: true, help: "in conflict: the run's version replaces the host's" },
      keep: { type: 'string', value: 'PATH', multiple: true, help: "in conflict: the host's version stays, for good" },
      skip: { type: 'string', value: 'PATH', multiple: true, help: 'in conflict: leave it for later' },
      'skip-rest': { type: 'boolean', help: 'leave every other conflict for later' },
      'with-parents': { type: 'boolean', help: 'with the runs below it that are not applied, as one' },
    } },
  { name: 'conflicts', summary: 'what an apply would meet on the host now, path by path', usage: 'RUN [PATH…]', positionals: { min: 1, max: Infinity }, exits: [2, 3, 125, 126, 127], load: () => import('./conflicts.ts'), options: { ...project, ...color, patch: { type: 'boolean', help: 'with the diffs of both sides (also when PATH is given)' }, 'with-parents': { type: 'boolean', help: 'of it and the runs below it, as one' } } },
  { name: 'rerun', summary: 'the same command again, on the host as it is now', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 3, 4, 5, 124, 125, 126, 127, 130], load: () => import('./rerun.ts'),
    options: { ...project, ...wishes } },
  { name: 'rollback', summary: 'take an applied run back', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 3, 125, 126, 127], load: () => import('./rollback.ts'), options: { ...project } },
  { name: 'discard', summary: 'throw a layer away', usage: 'RUN [--cascade]', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./discard.ts'), options: { ...project, cascade: { type: 'boolean', help: 'with everything that stands on it' } } },
  { name: 'layers', summary: 'the layers as they stand on one another, and what to do next', usage: '[RUN] [--all]', positionals: { min: 0, max: 1 }, exits: [2, 125, 127], load: () => import('./layers.ts'), options: { ...project, all: { type: 'boolean', help: 'also those that stand alone and are decided' } } },
  {
    name: 'agent', summary: 'claude, codex, gemini, opencode: its whole work in one layer', usage: '[options] NAME [ARG…]', positionals: { min: 0, max: Infinity }, exits: [2, 3, 4, 5, 124, 125, 126, 127, 130], takesCommand: true,
    load: () => import('./agent.ts'),
    options: {
      ...carrying,
      net: { type: 'string', value: 'HOST,…', multiple: true, help: 'besides its own endpoints; off or on instead' },
      ...backend,
      ...detach,
      ...noPty,
      ...secret,
      hook: { type: 'string', value: 'NAME', help: 'for an agent outside: its shell through nexus' },
    },
  },
  { name: 'transcript', summary: 'what an agent said and did, from its own records', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 125, 127], load: () => import('./transcript.ts'), options: { ...project } },
  { name: 'hook', summary: 'answers an agent outside before a shell command', usage: 'NAME', positionals: { min: 1, max: 1 }, exits: [2], load: () => import('./hook.ts'), options: {} },
  { name: 'attach', summary: 'the terminal of a run that runs already, also from a second place', usage: 'RUN', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./attach.ts'), options: { ...project } },
  { name: 'logs', summary: 'what a run printed, and what it prints from now on', usage: 'RUN [--follow] [--tail N]', positionals: { min: 1, max: 1 }, exits: [2, 125, 127], load: () => import('./logs.ts'), options: { ...project, follow: { type: 'boolean', short: 'f', help: 'go on as it comes' }, tail: { type: 'string', value: 'N', help: 'only the last N lines' } } },
  { name: 'stop', summary: 'ask a run to end, and end it when it does not', usage: 'RUN [--timeout TIME]', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./stop.ts'), options: { ...project, timeout: { type: 'string', value: 'TIME', help: 'how long it may take (10s)' } } },
  { name: 'restart', summary: 'stop a run and start its command again on the host as it is now', usage: 'RUN [--timeout TIME]', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./restart.ts'), options: { ...project, timeout: { type: 'string', value: 'TIME', help: 'how long stopping may take (10s)' } } },
  { name: 'ports', summary: 'ports of a run that programs of this machine reach; one more', usage: '[RUN [[HOSTPORT:]PORT…]]', positionals: { min: 0, max: Infinity }, exits: [2, 125, 126, 127], load: () => import('./ports.ts'), options: { ...project, remove: { type: 'string', value: 'HOSTPORT', multiple: true, help: 'let no new connections in there' } } },
  { name: 'shell', summary: 'a terminal inside a kept layer', usage: 'RUN [--net HOST,…]', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./shell.ts'), options: { ...project, ...net } },
  { name: 'pin', summary: 'keep a run beyond its time, until --release', usage: 'RUN [--release]', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./pin.ts'), options: { ...project, release: { type: 'boolean', help: 'let it go when its time is over' } } },
  { name: 'verify', summary: 'build, lint and test the project, each in a layer', usage: '[--on RUN] [--only KIND,…]', positionals: { min: 0, max: 0 }, exits: [2, 5, 125, 126, 127, 130], load: () => import('./verify.ts'),
    options: {
      ...project,
      on: { type: 'string', value: 'RUN', help: 'over what that run left, not over the project' },
      only: { type: 'string', value: 'KIND,…', help: 'build, lint, test' },
      timeout: { type: 'string', value: 'TIME', help: 'end a command after TIME' },
      ...net,
      backend: { type: 'string', value: 'auto|overlay|copy', help: 'how the layers are made' },
    } },
  { name: 'explain', summary: 'what a command would do, and how bad that is; nothing is run', usage: '[--shell SHELL] -- CMD [ARG…]', positionals: { min: 1, max: Infinity }, exits: [2, 125, 126, 127], takesCommand: true, load: () => import('./explain.ts'),
    options: { ...project, ...color, shell: { type: 'string', value: 'SHELL', help: 'bash, sh, zsh, fish, powershell or cmd' } } },
  { name: 'classify', summary: 'judge many commands: JSON lines {command} in, a line each out', usage: '', positionals: { min: 0, max: 0 }, exits: [2, 125], load: () => import('./classify.ts'), options: {} },
  { name: 'approve', summary: 'answer a run that waits for a person', usage: 'RUN [--deny]', positionals: { min: 1, max: 1 }, exits: [2, 125, 126, 127, 130], load: () => import('./approve.ts'), options: { ...project, deny: { type: 'boolean', help: 'refuse it' } } },
  { name: 'kill', summary: 'stop one run, or everything until --release', usage: '[RUN] [--proof] [--release]', positionals: { min: 0, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./kill.ts'), options: { ...project, proof: { type: 'boolean', help: 'with a digest of the projects of what it ended' }, release: { type: 'boolean', help: 'let runs start again' } } },
  { name: 'proof', summary: 'a digest of the project as it is on the host, to compare', usage: '[--list]', positionals: { min: 0, max: 0 }, exits: [2, 125, 126, 127], load: () => import('./proof.ts'), options: { ...project, list: { type: 'boolean', help: 'the lines that the digest is the sha256 of' } } },
  { name: 'dashboard', summary: 'open the dashboard in the browser, by a link that is good once', usage: '[--no-open]', positionals: { min: 0, max: 0 }, exits: [2, 125], load: () => import('./dashboard.ts'),
    options: { 'no-open': { type: 'boolean', help: 'only print the link' } } },
  { name: 'secret', summary: 'credentials that Nexus keeps for `run --secret NAME`', usage: 'set NAME|list|remove NAME', positionals: { min: 1, max: Infinity }, exits: [2, 125, 130], load: () => import('./secret.ts'), options: {} },
  { name: 'settings', summary: 'what is in force in this project, and from which file', usage: '[trust|distrust]', positionals: { min: 0, max: 1 }, exits: [2, 125, 126, 127], load: () => import('./settings.ts'), options: { ...project } },
  { name: 'status', summary: 'the daemon and the sandbox in a few lines', usage: '', positionals: { min: 0, max: 0 }, exits: [2, 125], load: () => import('./status.ts'), options: {} },
  { name: 'doctor', summary: 'try every back end for real; say what is missing and how to get it', usage: '', positionals: { min: 0, max: 0 }, exits: [2, 125, 126], load: () => import('./doctor.ts'), options: {} },
  { name: 'daemon', summary: 'start, stop, restart, status or logs of the daemon', usage: 'start|stop|restart|status|logs', positionals: { min: 1, max: 1 }, exits: [2, 125], load: () => import('./daemon.ts'), options: { follow: { type: 'boolean', short: 'f', help: 'logs: go on as they come' } } },
  { name: 'events', summary: 'the log of everything that happened', usage: '[--after SEQ] [--follow]', positionals: { min: 0, max: 0 }, exits: [2, 125], load: () => import('./events.ts'),
    options: { after: { type: 'string', value: 'SEQ', help: 'later than SEQ' }, follow: { type: 'boolean', short: 'f', help: 'go on as they come' } } },
  { name: 'gc', summary: 'delete what is past its time: layers 14 days, pre-images 30', usage: '[--dry-run]', positionals: { min: 0, max: 0 }, exits: [2, 125], load: () => import('./gc.ts'), options: { 'dry-run': { type: 'boolean', help: 'only say what would be deleted' } } },
]
