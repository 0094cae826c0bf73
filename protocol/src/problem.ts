/**
 * The one table of problems: a code, what happened, what to do next, and the exit code it becomes.
 * Anything that is not in this table is a bug and is logged as one. A retired code is never used again: command-not-found,
 * settings-invalid.
 */
import { EXIT } from './exit-code.ts'

interface Entry {
  readonly exit: number
  readonly message: string
  readonly next: string
}

/** `{name}` in a text is filled from the details given to `new Problem(code, details)`. */
export const PROBLEMS = {
  'usage': { exit: EXIT.usage, message: '{what}', next: 'nexus help {topic}' },
  'bad-request': { exit: EXIT.usage, message: 'the request does not fit: {what}', next: 'check the values; `nexus help` lists what each command takes' },
  'not-available-yet': { exit: EXIT.failed, message: '{what} is not available yet', next: '{instead}' },
  'no-run': { exit: EXIT.notFound, message: 'there is no run {run}', next: 'nexus runs lists the runs of this project' },
  'no-last-run': { exit: EXIT.notFound, message: 'there is no run yet in {project}', next: "nexus run -- CMD makes the first one" },
  'short-run': { exit: EXIT.usage, message: '{run} is too short to name a run', next: 'give at least 4 characters of the id; nexus runs lists them' },
  'ambiguous-run': { exit: EXIT.usage, message: '{run} could be any of {matches}', next: 'give more characters of the id' },
  'no-agent': { exit: EXIT.notFound, message: 'no agent is called {agent}', next: 'known are {known}; others by an entry `agents` in the settings' },
  'agent-not-installed': { exit: EXIT.notFound, message: '{title} is not installed: there is no {program} on your PATH', next: '{fix}' },
  'no-transcript': { exit: EXIT.notFound, message: 'run {run} has no transcript: {why}', next: 'nexus show {run} has its output and its changes' },
  'no-checks': { exit: EXIT.notFound, message: 'nothing that builds, tests or lints is recognised in {project}{only}', next: 'recognised are {recognised}; anything else: nexus run -- CMD' },
  'no-verification': { exit: EXIT.notFound, message: 'there is no verification {id} any more', next: 'nexus runs --all lists what it ran' },
  'no-path': { exit: EXIT.notFound, message: 'run {run} did not change {path}', next: 'nexus show {run} lists what it changed' },
  'no-directory': { exit: EXIT.notFound, message: 'there is no directory {path}', next: 'check the path' },
  'not-a-directory': { exit: EXIT.usage, message: '{path} is not a directory', next: 'give a directory' },
  'path-not-text': { exit: EXIT.refused, message: 'the path {path} is not valid UTF-8', next: 'rename the directory; files inside a project may have any name' },
  'project-moved': { exit: EXIT.refused, message: 'the project {project} is not where it was: {cause}', next: 'put it back at that path; or run the command again where it is now' },
  'cwd-outside-project': { exit: EXIT.usage, message: '{cwd} is not inside the project {project}', next: 'leave --cwd out, or give a directory inside the project' },
  'project-refused': { exit: EXIT.refused, message: '{project} is not a project: a layer over the whole home or root directory would hide nothing from a mistake', next: 'go into a project directory, or give one with --project DIR' },
  'project-in-state': { exit: EXIT.refused, message: '{project} lies inside the state folder of Nexus ({state})', next: 'work in another directory, or move the state with NEXUS_HOME' },
  'wrong-status': { exit: EXIT.refused, message: 'run {run} is {status}: it cannot be {action}', next: 'nexus show {run}' },
  'no-terminal': { exit: EXIT.refused, message: 'run {run} has no terminal to attach to', next: 'nexus logs --follow {run}' },
  'not-appliable': { exit: EXIT.refused, message: 'run {run} did not end by itself ({reason}): what it left cannot be applied', next: 'nexus show {run}, then run the command again' },
  'pre-images-gone': { exit: EXIT.refused, message: 'run {run} cannot be rolled back: its pre-images were deleted when their time was over', next: 'nexus show {run} lists what it changed; undo it by hand or from version control' },
  'digest-mismatch': { exit: EXIT.conflict, message: 'the change set of run {run} is {actual}, not {given}', next: 'review it again: nexus diff {run}' },
  'change-set-too-large': { exit: EXIT.failed, message: 'what the command left is too much to review: its paths and the targets of its links alone have more than {most}', next: 'run it so that it leaves less; nexus discard lets go of what is there' },
  'flagged': { exit: EXIT.waiting, message: 'run {run} changes paths that execute by themselves: {paths}', next: 'review them with nexus diff {run}, then nexus apply {run}' },
  'critical-unconfirmed': { exit: EXIT.waiting, message: 'the verdict on run {run} is critical: {reason}', next: 'review it with nexus diff {run}; if it is what you want: nexus apply {run} --confirm critical' },
  'flagged-companions': { exit: EXIT.waiting, message: 'a repository moves as one, and that would bring along what executes by itself: {paths}', next: 'review them with nexus diff {run}, then name them as well: nexus apply {run} {paths} …' },
  'layer-has-children': { exit: EXIT.refused, message: 'run {run} is the base of {children}', next: 'discard those first, or all of them at once: nexus discard {run} --cascade' },
  'needs-parents': { exit: EXIT.refused, message: 'run {run} stands on {parents}, not applied yet', next: 'nexus apply {first} first, or all as one: nexus apply {run} --with-parents' },
  'child-applied': { exit: EXIT.refused, message: 'run {run} cannot be rolled back: {children} stands on it and is applied', next: 'nexus rollback {child} first' },
  'applied-together': { exit: EXIT.refused, message: 'run {run} was applied together with {leader}, as one', next: 'nexus rollback {leader} takes both back' },
  'other-project': { exit: EXIT.usage, message: 'run {run} belongs to the project {project}', next: 'go there, or give --project {project}' },
  'stack-too-deep': { exit: EXIT.refused, message: 'run {run} has {depth} layers below it, more than can be mounted here', next: 'apply some of them: nexus layers {run}' },
  'sandbox-unavailable': { exit: EXIT.refused, message: 'this machine cannot isolate a command: {cause}', next: '{fix}' },
  'backend-unavailable': { exit: EXIT.refused, message: 'the back end {backend} does not work here: {cause}', next: '{fix}' },
  'network-refused': { exit: EXIT.refused, message: 'the settings of this machine do not let a run reach {what}', next: 'nexus settings shows what they allow' },
  'publish-taken': { exit: EXIT.refused, message: 'port {port} of this machine is taken: {by} has it', next: 'publish it elsewhere, as {again}, or end what has it' },
  'publish-refused': { exit: EXIT.refused, message: 'port {port} cannot be published: {cause}', next: '{fix}' },
  'no-published-port': { exit: EXIT.notFound, message: 'run {run} has no published port {port}', next: 'nexus ports {run} lists them' },
  'host-network': { exit: EXIT.refused, message: '{what} has the network of this machine: nothing needs to be published', next: 'what listens on port {port} inside is at http://127.0.0.1:{port}' },
  'no-secret': { exit: EXIT.usage, message: 'there is no {name}: it is not set here, and Nexus keeps no secret of that name', next: 'nexus secret set {name}; nexus secret list' },
  'secret-files-many': { exit: EXIT.refused, message: 'this project has more than {most}: which of them hold secrets cannot be told, and those are not to be seen inside', next: 'run it without a network, or let such files be seen: secrets: { files: show } in ~/.config/nexus/config.yaml' },
  'handed-gone': { exit: EXIT.refused, message: 'the values of {names} were handed to another run, or to an earlier daemon, and are kept nowhere', next: 'run the command again with --env and --secret' },
  'killed': { exit: EXIT.refused, message: 'the kill switch is on: nothing runs', next: 'nexus kill --release' },
  'launcher-failed': { exit: EXIT.failed, message: 'the sandbox could not be set up: {step}: {cause}', next: 'nexus doctor' },
  'unmapped-owner': { exit: EXIT.refused, message: '{path} belongs to another user or group: the overlay cannot change it', next: 'nexus run --backend copy -- …' },
  'interrupted': { exit: EXIT.interrupted, message: 'interrupted', next: '{hint}' },
  'disk-full': { exit: EXIT.failed, message: 'the disk is full where the state of Nexus is ({folder}): {free} are free, so nothing new is begun', next: 'free some space there, or delete what is past its time: nexus gc' },
  'home-unwritable': { exit: EXIT.failed, message: 'no folder for the state of Nexus is writable ({path}: {cause})', next: 'set NEXUS_HOME to a folder of your own' },
  'socket-path-too-long': { exit: EXIT.failed, message: 'the socket path is longer than the system allows: {path}', next: 'set NEXUS_HOME to a shorter path, or set XDG_RUNTIME_DIR' },
  'port-taken': { exit: EXIT.failed, message: 'port {port} is taken', next: 'set NEXUS_PORT to a free port, or unset it to let Nexus choose' },
  'database-newer': { exit: EXIT.failed, message: 'the database {path} was written by a newer Nexus', next: 'start that newer version, or set NEXUS_HOME to another folder' },
  'daemon-unreachable': { exit: EXIT.failed, message: 'the daemon does not answer: {cause}', next: 'nexus daemon logs' },
  'daemon-start-failed': { exit: EXIT.failed, message: 'the daemon did not start: {cause}', next: 'nexus daemon logs' },
  'daemon-outdated': { exit: EXIT.failed, message: 'the daemon runs another build of Nexus', next: 'nexus daemon restart' },
  'daemon-stopping': { exit: EXIT.failed, message: 'the daemon is stopping', next: 'run the command again' },
  'already-running': { exit: EXIT.failed, message: 'a daemon already owns {state}', next: 'nexus daemon status' },
  'access-denied': { exit: EXIT.failed, message: 'access denied: {cause}', next: 'use the nexus command of the same user' },
  'login-link-void': { exit: EXIT.failed, message: 'this login link was used already, or is too old', next: 'nexus dashboard makes a new one' },
  'not-listening': { exit: EXIT.failed, message: 'the daemon does not listen on 127.0.0.1 (NEXUS_PORT=off)', next: 'unset NEXUS_PORT, then nexus daemon restart' },
  'io': { exit: EXIT.failed, message: '{what}: {cause}', next: '{fix}' },
  'bug': { exit: EXIT.failed, message: 'Nexus made a mistake: {cause}', next: 'nexus daemon logs; please report it' },
} as const satisfies Record<string, Entry>

export type ProblemCode = keyof typeof PROBLEMS
export type ProblemDetails = Readonly<Record<string, string | number>>

/** What a client sees of a problem, in tRPC error data and as `{error: …}` with --json. */
export interface ProblemShape {
  readonly code: ProblemCode
  readonly message: string
  readonly next: string
}

export class Problem extends Error {
  readonly code: ProblemCode
  readonly next: string

  constructor(code: ProblemCode, details: ProblemDetails = {}, options?: { cause?: unknown }) {
    super(fill(PROBLEMS[code].message, details), options)
    this.name = 'Problem'
    this.code = code
    this.next = fill(PROBLEMS[code].next, details)
  }

  get shape(): ProblemShape {
    return { code: this.code, message: this.message, next: this.next }
  }
}

export function exitCodeOf(code: ProblemCode): number {
  return PROBLEMS[code].exit
}

function fill(text: string, details: ProblemDetails): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? '')).trim()
}
