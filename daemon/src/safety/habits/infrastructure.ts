/** Infrastructure as code: a plan reads, an apply changes, a destroy ends it. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import { writeTo } from '../shell/redirects.ts'
import { UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startText, startWords } from './wrap.ts'

export function terraformRun({ name, flags, operands, shell }: Call): Flow {
  const words = name === 'terragrunt' ? operands.filter((word) => !/^(run-all|run|stack|--)$/.test(word)) : operands
  const [verb = '', second = ''] = words
  const target = words.join(' ')
  const isPartial = has(flags, '--target')
  const ruin = () => shell.does('remote.destroy', 'remote', { target, amount: isPartial ? 'one' : 'all', note: isPartial ? undefined : 'destroys everything that this configuration made' })
  switch (verb) {
    case 'plan': for (const path of valuesOf(flags, '--out')) writeTo(path, UNKNOWN_FLOW, shell)
      return UNKNOWN_FLOW
    case 'providers': if (/^(lock|mirror)$/.test(second)) shell.does('fs.write', 'project', { target })
      return UNKNOWN_FLOW
    case '': case 'validate': case 'show': case 'output': case 'graph': case 'version': case 'metadata': case 'console': case 'test': case 'diff': case 'list': case 'modules': case 'hclvalidate': case 'validate-inputs': case 'render-json': return { ...UNKNOWN_FLOW, isSecret: verb === 'output' && has(flags, '--json', '--raw') && /secret|password|token|key/i.test(target) }
    case 'fmt': case 'hclfmt': if (!has(flags, '--check', '--diff')) shell.does('fs.write', 'project', { target })
      return UNKNOWN_FLOW
    case 'init': case 'get': case 'synth': case 'generate': shell.does('deps', 'build', { target }); if (has(flags, '--migrate-state', '--force-copy')) shell.does('remote.write', 'remote', { target }); return UNKNOWN_FLOW
    case 'workspace': if (second === 'delete') shell.does('remote.destroy', 'remote', { target, amount: 'one' })
      else if (second !== 'list' && second !== 'show') shell.does('config', 'project', { target })
      return UNKNOWN_FLOW
    case 'state': if (second === 'list' || second === 'show') return UNKNOWN_FLOW
      if (second === 'pull') return { ...UNKNOWN_FLOW, isSecret: true }
      shell.does(second === 'rm' ? 'remote.destroy' : 'remote.write', 'remote', { target })
      return UNKNOWN_FLOW
    case 'destroy': case 'destroy-all':  ruin(); return UNKNOWN_FLOW
    case 'apply': case 'apply-all': case 'deploy': if (has(flags, '--destroy')) ruin()
      else shell.does('remote.write', 'remote', { target })
      return UNKNOWN_FLOW
    case 'login': case 'logout': shell.does('config', 'home', { target }); return UNKNOWN_FLOW
    default: shell.does('remote.write', 'remote', { target }); return UNKNOWN_FLOW
  }
}

export function pulumiRun({ flags, operands, shell, words }: Call): Flow {
  const [verb = '', second = ''] = operands
  const target = words.join(' ')
  if (/^(preview|diff|ls|list|doctor|about|version|whoami|logs|stack|info|validate|docs|history|context|metadata|print|acknowledge|notices|status|console|metrics|tail)$/.test(verb) && !/^(rm|init|select|import|rename|change-secrets-provider|unselect|tag)$/.test(second)) return { ...UNKNOWN_FLOW, isSecret: has(flags, '--show-secrets') }
  if (/^(destroy|remove|delete|down)$/.test(verb) || (verb === 'stack' && second === 'rm')) shell.does('remote.destroy', 'remote', { target, amount: has(flags, '--target', '-t') ? 'one' : 'all', note: 'destroys everything that this configuration made' })
  else if (/^(synth|build|init|new|package|local|dev|start|offline|generate|install|add|test|codegen|pull)$/.test(verb)) shell.does('exec.project', 'project', { target })
  else if (verb === 'config' && (second === '' || second === 'get')) return { ...UNKNOWN_FLOW, isSecret: has(flags, '--show-secrets') }
  else if (verb === 'config' || verb === 'login' || verb === 'logout' || verb === 'configure') shell.does('config', verb === 'config' ? 'project' : 'home', { target })
  else shell.does('remote.write', 'remote', { target })
  return UNKNOWN_FLOW
}

export function ansibleRun({ name, words, shell }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-i --inventory -m --module-name -a --args -e --extra-vars -l --limit -u --user -t --tags -f --forks --vault-password-file --vault-id --private-key -p --skip-tags --start-at-task -c --connection --become-user'.split(' ')))
  const target = words.join(' ')
  if (has(flags, '--check', '-C', '--list-hosts', '--list-tasks', '--list-tags', '--syntax-check', '--list', '--graph', '--noop', '--test', '--dry-run', '-n', '--version')) return UNKNOWN_FLOW
  if (/^ansible-(doc|inventory|lint|config)$/.test(name)) return UNKNOWN_FLOW
  if (name === 'ansible-vault') {
    if (operands[0] === 'view') return { ...UNKNOWN_FLOW, isSecret: true }
    shell.does(operands[0] === 'decrypt' ? 'secret.read' : 'fs.write', operands[0] === 'decrypt' ? 'secret' : 'project', { target })
    return UNKNOWN_FLOW
  }
  if (name === 'ansible-galaxy') {
    if (!/^(list|info|search|verify)$/.test(operands[1] ?? operands[0] ?? '')) shell.does('deps', 'build', { target })
    return UNKNOWN_FLOW
  }
  if (name === 'packer' && /^(validate|inspect|fmt|version|plugins|console|hcl2_upgrade|init)$/.test(operands[0] ?? '')) { if (operands[0] === 'fmt' || operands[0] === 'init') shell.does('fs.write', 'project', { target }); return UNKNOWN_FLOW }
  if (name === 'ansible' || name.startsWith('salt')) {
    const module = valuesOf(flags, '-m', '--module-name').at(-1) ?? (name === 'ansible' ? 'command' : (operands[1] ?? ''))
    const given = valuesOf(flags, '-a', '--args').at(-1) ?? operands.slice(2).join(' ')
    if (/^(ansible\.builtin\.)?(ping|setup|debug|stat|find|getent|win_ping|slurp|service_facts|package_facts|gather_facts)$|^(test\.|grains\.|status\.|pillar\.)/.test(module)) return UNKNOWN_FLOW
    if (/(command|shell|raw|script|win_shell|cmd\.run)$/.test(module)) {
      const before = shell.scene.effects.length
      startText(given, shell, UNKNOWN_FLOW, { where: 'remote', isRoot: has(flags, '-b', '--become') })
      if (shell.scene.effects.length === before) return UNKNOWN_FLOW
    }
    const gone = /\bstate=absent\b/.test(given) ? /\b(?:path|dest|name)=(\S+)/.exec(given)?.[1] : undefined
    if (module.endsWith('file') && gone !== undefined) startWords(['rm', '-rf', gone], shell, UNKNOWN_FLOW, { where: 'remote', isRoot: has(flags, '-b', '--become') })
    shell.does('remote.write', 'remote', { target, amount: 'many' })
    return UNKNOWN_FLOW
  }
  if (/^(lookup|--version|facts|resource|help|module|node|cookbook)$/.test(operands[0] ?? '') && /^(list|show|)$/.test(operands[1] ?? '')) return UNKNOWN_FLOW
  shell.does('remote.write', 'remote', { target, note: 'changes every machine that it is set up for' })
  return UNKNOWN_FLOW
}
