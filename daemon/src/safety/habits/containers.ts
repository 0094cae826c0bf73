/** docker, podman, compose: what a container may reach of its host decides. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import type { Shell } from '../shell/shell.ts'
import { ANYTHING, isKnown, NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startWords, unwrap } from './wrap.ts'

const RUN_VALUES = '-v --volume --mount -e --env --env-file -p --publish -w --workdir -u --user --name --network --net --pid --ipc --uts --entrypoint -h --hostname -l --label --cap-add --cap-drop --device --security-opt -m --memory --cpus --restart --platform --add-host --ulimit --gpus --shm-size --tmpfs --volumes-from --userns --cgroupns --cgroup-parent --log-driver --pull --ip --dns --runtime --expose --link --stop-signal --sysctl --health-cmd -a --attach --cidfile --index --detach-keys'

const LOOKS = /^(ps|images|logs|inspect|stats|top|port|diff|history|version|info|events|search|ls|list|df|context ls|context inspect|context show|(image|container|volume|network|system|builder|buildx|manifest|plugin|node|service|stack|secret|config|swarm|pod|machine|trust|scout|checkpoint|compose)? ?(ls|list|inspect|logs|ps|history|df|info|events|stats|top|port|diff|du|version|exists|images|config|services|quickview|cves|recommendations))$/

export function dockerRun(call: Call): Flow {
  const { words, shell, stdin } = call
  const { inner } = unwrap(words, { values: '-H --host --context -c --config -l --log-level' })
  const [first = '', second = ''] = inner
  if (first === '' || inner.some((word) => word === '--help')) return NOTHING
  if (first === 'compose') return compose(inner.slice(1), shell, stdin)
  const isGroup = /^(container|image|volume|network|system|builder|buildx|manifest|plugin|node|service|stack|secret|config|swarm|pod|machine|context|trust|scout|checkpoint)$/.test(first)
  const phrase = isGroup ? `${first} ${second}` : first
  const rest = inner.slice(isGroup ? 2 : 1)
  if (LOOKS.test(phrase)) return UNKNOWN_FLOW
  if (/^(container )?(run|create)$/.test(phrase)) return run(rest, shell)
  if (/^(container )?exec$/.test(phrase)) return exec(rest, shell, stdin)
  judge(phrase, rest, shell)
  return UNKNOWN_FLOW
}

function judge(phrase: string, words: readonly string[], shell: Shell): void {
  const isEnd = /(^| )(rm|kill|stop|remove|prune|restart|start|pause)$/.test(phrase)
  const { flags, operands } = sorted(words, isEnd ? new Set(['-s', '--signal', '-t', '--time', '--filter']) : new Set(`${RUN_VALUES} -t --tag -f --filter --file -o --output --build-arg --target --secret --format --since --until --time -s --signal --cache-from --cache-to --progress --builder --ssh`.split(' ')))
  const target = `${phrase} ${operands.join(' ')}`
  switch (true) {
    case /^(image )?push$|^manifest push$|^plugin push$/.test(phrase): shell.does('publish', 'remote', { target }); return
    case /^(buildx )?build$|^image build$|^builder build$|^buildx bake$/.test(phrase):
      if (has(flags, '--push') && !valuesOf(flags, '--push').includes('false')) shell.does('publish', 'remote', { target })
      else shell.does('container', 'container', { target })
      return
    case /^volume (rm|remove)$/.test(phrase): shell.does('remote.destroy', 'remote', { target, amount: operands.length > 3 || operands.some((one) => !isKnown(one)) ? 'all' : 'one' }); return
    case /^volume prune$/.test(phrase) || (phrase === 'system prune' && has(flags, '--volumes')) || phrase === 'system reset': shell.does('remote.destroy', 'remote', { target, amount: 'all', note: 'deletes every unused volume of this machine with the data in it' }); return
    case /^(container )?(rm|kill|stop)$/.test(phrase):
      if (operands.some((one) => one.includes(ANYTHING)) || has(flags, '-v', '--volumes', '-a', '--all')) shell.does('remote.destroy', 'remote', { target, note: operands.some((one) => one.includes(ANYTHING)) || has(flags, '-a', '--all') ? 'ends or removes every container of this machine, not only those of the project' : undefined })
      else shell.does('container', 'container', { target })
      return
    case /^(login|logout|context (create|use|rm|update)|trust .*|plugin (install|enable|disable|rm|set))$/.test(phrase): shell.does('config', 'home', { target }); return
    case /^(service|stack|swarm|node|secret|config) (rm|remove|leave|demote)$/.test(phrase): shell.does('remote.destroy', 'remote', { target, amount: phrase === 'swarm leave' || phrase.startsWith('stack') ? 'all' : 'one' }); return
    case /^(service|stack|swarm|node|secret|config) /.test(phrase): shell.does('remote.write', 'remote', { target }); return
    case /^(container )?cp$/.test(phrase): { const to = operands.at(-1) ?? ''; if (/^[\w.-]+:/.test(to)) shell.does('container', 'container', { target }); else shell.touch('fs.write', to, { amount: 'one' }); return }
    case /^(image )?save$|^(container )?export$/.test(phrase): for (const path of valuesOf(flags, '-o', '--output')) shell.touch('fs.write', path, { amount: 'one' }); return
    case /^machine (rm|reset)$|^network (rm|prune)$|^pod (rm|prune)$/.test(phrase): shell.does(phrase.startsWith('machine') ? 'remote.destroy' : 'container', phrase.startsWith('machine') ? 'remote' : 'container', { target }); return
    case /^system (prune)$|prune$/.test(phrase): shell.does('container', 'container', { target }); return
    default: shell.does('container', 'container', { target })
  }
}

function run(words: readonly string[], shell: Shell): Flow {
  const { options, inner } = unwrap(words, { values: RUN_VALUES })
  judgeReach(words.slice(0, words.length - inner.length), shell)
  const [image = '', ...command] = inner
  shell.does('container', 'container', { target: image })
  const entry = options.get('--entrypoint')
  const line = entry === undefined ? command : [entry, ...command]
  // Inside, only what is mounted is ours; mounted folders were judged above.
  if (line.length > 0) startWords(line, shell, UNKNOWN_FLOW, { where: 'container', isRoot: false })
  return UNKNOWN_FLOW
}

/** What of the host is handed in. */
function judgeReach(words: readonly string[], shell: Shell): void {
  for (const [at, word] of words.entries()) {
    const [name = '', joined] = word.split(/=(.*)/s)
    const value = joined ?? words[at + 1] ?? ''
    if (name === '--privileged' && joined !== 'false') escape('every right on the host (--privileged)', shell)
    else if (/^--(pid|ipc|uts|userns|cgroupns)$/.test(name) && value === 'host' && name !== '--ipc' && name !== '--uts') escape(`the host's ${name.slice(2)}`, shell)
    else if (/^--(net|network)$/.test(name) && value === 'host') shell.does('net.listen', 'remote', { target: "the host's network" })
    else if (name === '--cap-add' && /^(all|sys_admin|sys_ptrace|sys_module|dac_read_search|sys_rawio|bpf)$/i.test(value.replace(/^cap_/i, ''))) escape(`the right ${value}`, shell)
    else if (name === '--security-opt' && /(unconfined|disable)/.test(value)) shell.does('security.off', 'container', { target: value })
    else if (name === '--device' && /\/dev\/(sd|nvme|mem|kmem|vd|xvd|dm-|mapper)/.test(value)) escape(value, shell)
    else if (name === '-v' || name === '--volume') mount(value.split(':')[0] ?? '', /:ro(,|$)/.test(value), shell)
    else if (name === '--mount') mount(/(?:source|src)=([^,]*)/.exec(value)?.[1] ?? '', /readonly|ro(=true)?(,|$)/.test(value), shell)
    else if (/^-v./.test(word)) mount(word.slice(2).split(':')[0] ?? '', /:ro(,|$)/.test(word), shell)
  }
}

function escape(what: string, shell: Shell): void {
  shell.does('container.escape', 'system', { target: what })
}

function mount(source: string, isReadOnly: boolean, shell: Shell): void {
  if (!/[/~.\uE000]/.test(source)) return
  if (/docker\.sock|containerd\.sock|podman\.sock|crio\.sock/.test(source)) { escape(`the socket of the container engine (${source})`, shell); return }
  const { path, scope, isWhole, isSecret } = shell.place(source)
  if (isReadOnly && path !== '/' && /^\/(etc|root|proc|sys|boot|usr|var|lib)$/.test(path)) shell.does('secret.read', 'secret', { target: path, note: `shows ${path} of the host to the container` })
  else if (path === '/' || /^\/(etc|root|proc|sys|dev|boot|usr|var|lib)$/.test(path)) escape(`${path} of the host`, shell)
  else if (isSecret) shell.does('secret.read', 'secret', { target: path, note: `hands the credential ${path} to the container` })
  else if (scope === 'home' && isWhole) shell.does(isReadOnly ? 'secret.read' : 'container.escape', 'secret', { target: path, note: `hands the whole ${path} to the container` })
  else if ((scope === 'system' || scope === 'vital' || scope === 'startup') && !isReadOnly) shell.does('fs.write', 'system', { target: path, certainty: 'assumed', note: `lets the container write ${path}` })
  else if (scope === 'home' && !isReadOnly) shell.does('fs.write', 'home', { target: path, certainty: 'assumed', note: `lets the container write ${path}` })
}

function exec(words: readonly string[], shell: Shell, stdin: Flow): Flow {
  if (words.includes('--privileged')) escape('every right on the host (--privileged)', shell)
  const { inner } = unwrap(words, { values: RUN_VALUES, skip: 1 })
  return startWords(inner, shell, stdin, { where: 'container', isRoot: false })
}

export function composeRun({ words, shell, stdin }: Call): Flow {
  return compose(words, shell, stdin)
}

function compose(words: readonly string[], shell: Shell, stdin: Flow): Flow {
  const { inner } = unwrap(words, { values: '-f --file -p --project-name --profile --env-file --project-directory --progress --ansi --parallel' })
  const [verb = '', ...rest] = inner
  const { flags } = sorted(rest, new Set())
  if (words.slice(0, words.length - rest.length).includes('--dry-run') || (has(flags, '--dry-run') && !/^(exec|run)$/.test(verb))) return UNKNOWN_FLOW
  if (verb === '' || /^(ps|logs|config|images|ls|top|port|events|version|stats|help|volumes|convert)$/.test(verb)) return UNKNOWN_FLOW
  if (verb === 'exec' || verb === 'run') {
    const { inner: command } = unwrap(rest, { values: `${RUN_VALUES} --index`, skip: 1 })
    judgeReach(rest.slice(0, rest.length - command.length), shell)
    if (verb === 'run') shell.does('container', 'container', { target: rest.join(' ') })
    return startWords(command, shell, stdin, { where: 'container', isRoot: false })
  }
  if (verb === 'push') shell.does('publish', 'remote', { target: 'the images of the project' })
  else if ((verb === 'down' || verb === 'rm') && has(flags, '-v', '--volumes')) shell.does('remote.destroy', 'remote', { target: "the project's volumes", note: "deletes the project's volumes with the data in them" })
  else shell.does('container', 'container', { target: `compose ${verb}` })
  return UNKNOWN_FLOW
}
