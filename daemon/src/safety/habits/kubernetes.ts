/** kubectl and helm. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import { isKnown, NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startWords } from './wrap.ts'

const VALUES = new Set('-n --namespace --context --cluster --kubeconfig -f --filename -o --output -l --selector -c --container -p --patch --type --replicas --image --field-selector --grace-period --timeout --as --as-group --user --token -s --server --since --tail --for --sort-by -k --kustomize --overrides --port --target-port --clusterrole --role --serviceaccount --from-literal --from-file --env --limits --requests --schedule --labels --template -L --revision --subresource --profile --address --accept-hosts --api-prefix'.split(' '))
/** Kinds that hold others, or all of somebody's data. */
const HOLDERS = /^(ns|namespaces?|pvc|persistentvolumeclaims?|pv|persistentvolumes?|crds?|customresourcedefinitions?(\.\S+)?|storageclass(es)?|sc|clusters?|projects?|all|clusterrole(binding)?s?|validatingwebhookconfigurations?|mutatingwebhookconfigurations?|volumesnapshots?)$/i
const LOOKS = new Set('get describe logs top explain version api-resources api-versions cluster-info diff events wait options help completion auth rollout-status plugin whoami status projects adm-top can-i kustomize alpha'.split(' '))

export function kubectlRun({ words, shell, stdin }: Call): Flow {
  const end = words.indexOf('--')
  const own = end < 0 ? words : words.slice(0, end)
  const { flags, operands } = sorted(own, VALUES)
  const [verb = '', ...rest] = operands
  const target = operands.join(' ')
  if (verb === '' || own.includes('--help') || own.includes('-h')) return NOTHING
  const dry = flags.has('--dry-run') ? (valuesOf(flags, '--dry-run').at(-1) ?? 'client') : 'none'
  if (/^(client|server|true)$/.test(dry) && !LOOKS.has(verb)) return UNKNOWN_FLOW
  const isAll = has(flags, '--all') || flags.has('-A') || has(flags, '--all-namespaces')
  const [kind = ''] = (rest[0] ?? '').split('/')
  switch (verb) {
    case 'get': case 'describe': return { ...UNKNOWN_FLOW, isSecret: verb === 'get' && kind.split(',').some((one) => /^secrets?$/.test(one)) && flags.has('-o') && !valuesOf(flags, '-o', '--output').every((one) => /^(name|wide|jsonpath=\{[^}]*metadata|custom-columns)/.test(one)) }
    case 'exec': case 'debug': case 'rsh': {
      const inner = end < 0 ? rest.slice(1) : words.slice(end + 1)
      if (verb === 'debug' && kind.startsWith('node')) { shell.does('container.escape', 'system', { target }); return UNKNOWN_FLOW }
      if (/^(ba|z|da|a)?sh$/.test(inner[0] ?? '') && inner.length === 1) { shell.does('unknown', 'none', { target: 'a shell in a container of the cluster', note: 'a shell in a container of the cluster, for whoever sits there' }); return UNKNOWN_FLOW }
      if (verb === 'debug') shell.does('remote.write', 'remote', { target })
      return startWords(inner, shell, stdin, { where: 'remote', isRoot: false })
    }
    case 'delete': {
      const isWhole = isAll || HOLDERS.test(kind) || rest.some((word) => !isKnown(word)) || rest.some((word) => word.includes(',') && /\b(all|ns|pvc)\b/.test(word))
      shell.does('remote.destroy', 'remote', { target, amount: isWhole ? 'all' : 'one' })
      return UNKNOWN_FLOW
    }
    case 'config': return config(rest, target, shell, has(flags, '--raw'))
    case 'rollout': if (!/^(status|history)$/.test(rest[0] ?? '')) shell.does('remote.write', 'remote', { target })
      return UNKNOWN_FLOW
    case 'auth': if (rest[0] === 'reconcile') shell.does('remote.write', 'remote', { target })
      return UNKNOWN_FLOW
    case 'proxy': case 'port-forward':
      // Whoever reaches the proxy acts with the rights of its owner.
      if (verb === 'proxy' && valuesOf(flags, '--address').some((address) => !/^(localhost|127\.|\[?::1)/.test(address))) shell.does('backdoor', 'remote', { target })
      else shell.does('net.listen', has(flags, '--address') ? 'remote' : 'none', { target })
      return UNKNOWN_FLOW
    case 'cp': case 'rsync': if (/:/.test(rest.at(-1) ?? '')) shell.does('remote.write', 'remote', { target })
      else shell.touch('fs.write', rest.at(-1) ?? '.', { amount: 'one' })
      return UNKNOWN_FLOW
    case 'create': case 'apply': case 'patch': case 'replace': case 'edit': case 'set': case 'run': if (/cluster-admin|system:masters|hostPID|"?privileged"?\s*[:=]\s*true|hostNetwork|hostPath/.test(`${words.join(' ')} ${stdin.text ?? ''}`)) { shell.does(/cluster-admin|masters/.test(`${words.join(' ')} ${stdin.text ?? ''}`) ? 'backdoor' : 'container.escape', 'remote', { target }); return UNKNOWN_FLOW }
      if (verb === 'create' && kind === 'token') return { ...UNKNOWN_FLOW, isSecret: true }
      if (verb === 'replace' && has(flags, '--force')) shell.does('remote.destroy', 'remote', { target })
      else shell.does('remote.write', 'remote', { target, amount: has(flags, '--prune') ? 'all' : 'one' })
      return UNKNOWN_FLOW
    case 'adm': case 'login': case 'new-project': case 'scale': case 'annotate': case 'label': case 'autoscale': case 'expose': case 'cordon': case 'uncordon': case 'drain': case 'taint': case 'certificate': case 'attach': case 'policy': case 'new-app': case 'project': case 'import-image': case 'start-build': case 'tag':
      if (verb === 'adm' && /^(top|must-gather|inspect)$/.test(rest[0] ?? '')) return UNKNOWN_FLOW
      if (verb === 'adm' && /cluster-admin|privileged/.test(target)) shell.does('backdoor', 'remote', { target })
      else shell.does(verb === 'login' || verb === 'project' ? 'config' : 'remote.write', verb === 'login' || verb === 'project' ? 'home' : 'remote', { target, amount: isAll && /scale|drain|taint/.test(verb) ? 'all' : 'one' })
      return UNKNOWN_FLOW
    default: if (!LOOKS.has(verb)) shell.does('unknown', 'none', { target })
      return UNKNOWN_FLOW
  }
}

/** Not all of `config` only reads. */
function config([verb = ''] : readonly string[], target: string, shell: Call['shell'], isRaw: boolean): Flow {
  if (verb === 'view' && isRaw) return { ...UNKNOWN_FLOW, isSecret: true }
  if (/^(view|get-contexts|current-context|get-clusters|get-users)$/.test(verb)) return UNKNOWN_FLOW
  shell.does('config', 'home', { target })
  return UNKNOWN_FLOW
}

export function helmRun({ words, flags, operands, shell }: Call): Flow {
  const [verb = '', second = ''] = operands
  const target = operands.join(' ')
  if (words.includes('--help') || words.includes('-h')) return NOTHING
  if (has(flags, '--dry-run') && !valuesOf(flags, '--dry-run').includes('none')) return UNKNOWN_FLOW
  if (/^(list|ls|status|history|hist|get|show|inspect|template|lint|search|version|env|diff|verify|help|completion|build|write-values|repos|print-env)$/.test(verb) || (/^(repo|plugin|dependency|dep|registry)$/.test(verb) && /^(list|ls)$/.test(second))) return { ...UNKNOWN_FLOW, isSecret: false }
  if (/^(repo|plugin|registry)$/.test(verb)) shell.does('config', 'home', { target })
  else if (/^(create|package|pull|fetch|dependency|dep|deps)$/.test(verb)) shell.does('fs.write', 'project', { target })
  else if (/^(uninstall|delete|del|un|destroy)$/.test(verb)) shell.does('remote.destroy', 'remote', { target, amount: verb === 'destroy' || operands.length > 3 || operands.slice(1).some((word) => !isKnown(word)) ? 'all' : 'one' })
  else if (verb === 'push') shell.does('publish', 'remote', { target })
  else shell.does('remote.write', 'remote', { target })
  return UNKNOWN_FLOW
}
