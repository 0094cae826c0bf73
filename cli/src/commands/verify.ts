/** `nexus verify [--on RUN]`: build, lint and test, each in a layer; what did not pass, and where. */
import { EXIT } from '@nexus/protocol/exit-code'
import type { CheckKind, Verification, VerifyRequest } from '@nexus/protocol/verify'
import { durationMs } from '../arguments.ts'
import { backendOf, oneOf } from '../choices.ts'
import { text, type Invocation } from '../command.ts'
import { subscribe } from '../daemon/stream.ts'
import { callersEnvironment } from '../environment.ts'
import { netOf } from '../net.ts'
import { Progress } from '../screen/progress.ts'
import { checkLines, closingLines } from '../screen/verification.ts'
import { commandLine } from '@nexus/protocol/words'

const KINDS: readonly CheckKind[] = ['build', 'lint', 'test']

export async function run(invocation: Invocation): Promise<number> {
  const { client, json, print, theme } = invocation
  const request = await requestOf(invocation)
  const ended = await follow(invocation, async () => (await client.verify.start.mutate(request)).verification)
  if (json) print(JSON.stringify({ verification: ended }))
  else for (const line of closingLines(ended, theme)) print(line)
  if (ended.status === 'passed') return EXIT.ok
  return ended.status === 'stopped' && invocation.interruption.signal.aborted ? EXIT.interrupted : EXIT.checkFailed
}

/** Prints each check as it ends; Ctrl-C ends what runs and begins nothing more, a second one leaves. */
async function follow(invocation: Invocation, begin: () => Promise<Verification>): Promise<Verification> {
  const { client, home, json, print, theme, interruption } = invocation
  let id: string | undefined
  // What goes wrong with that is seen below: the verification goes on.
  const stop = () => { if (id !== undefined) client.verify.stop.mutate({ id }).catch(() => undefined) }
  const interrupt = () => {
    if (interruption.signal.aborted) process.exit(EXIT.interrupted)
    interruption.abort()
    stop()
  }
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']
  for (const signal of signals) process.on(signal, interrupt)
  const told = new Set<number>()
  using progress = new Progress('verifying')
  try {
    let latest = await begin()
    id = latest.id
    // While it was looked at what there is to run, nobody knew its name.
    if (interruption.signal.aborted) stop()
    for await (const now of subscribe<Verification>(home.socket, 'verify.follow', { id })) {
      latest = now
      for (const [at, check] of now.checks.entries()) {
        if (told.has(at) || check.status === 'queued' || check.status === 'running') continue
        told.add(at)
        progress.clear()
        if (!json) for (const line of checkLines(check, theme)) print(line)
      }
      const running = now.checks.find(({ status }) => status === 'running')
      if (running) progress.now(commandLine(running.command))
    }
    return latest
  } finally {
    for (const signal of signals) process.off(signal, interrupt)
  }
}

async function requestOf(invocation: Invocation): Promise<VerifyRequest> {
  const { env } = invocation
  const net = await netOf(invocation, 'verify')
  const [project, on, timeout] = ['project', 'on', 'timeout'].map((name) => text(invocation, name))
  return {
    // Only says which project is meant: every check runs where it was recognised.
    cwd: project ?? invocation.cwd, env: callersEnvironment(env), umask: process.umask(), only: kindsOf(text(invocation, 'only')),
    backend: backendOf(text(invocation, 'backend'), 'verify'),
    ...(project === undefined ? {} : { project }), ...(on === undefined ? {} : { on }), ...(net === undefined ? {} : { net }), ...(timeout === undefined ? {} : { timeoutMs: durationMs(timeout, 'verify') }),
  }
}

/** `test`, or several: `build,test`. */
function kindsOf(given: string | undefined): CheckKind[] {
  return (given?.split(',') ?? []).flatMap((word) => oneOf(word, KINDS, { option: 'only', topic: 'verify' }) ?? [])
}
