/**
 * Programs that speak in verbs (`list`, `describe-instances`, `vm delete`): what most clouds, clusters and services have
 * in common, said once. What a program does otherwise stands in its model.
 */
import { has, valuesOf, type Call } from '../call.ts'
import { NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { judgeStatements } from './sql.ts'

const READ = new Set('ssh certificates list ls get describe show view status info inspect search find query head logs log tail events diff plan preview validate check lint help version versions whoami test verify wait estimate simulate explain lookup batch-get scan select tree history top stats metrics count ps images doctor outdated audit why tasks output outputs graph providers cat read print browse open console dashboard url regions zones skus usage quota peek filter calculate compare detect doc docs man examples env-list about account-info current ping lsc lst dump-config account identity contexts metrics-list health'.split(' '))
const WRITE = new Set('create add put update set apply edit patch modify enable deallocate attach associate register import upload start restart reboot resize scale move rename mv cp copy tag label untag annotate configure deploy invoke run execute exec call send push restore sync promote rollback grant assign authorize migrate upgrade downgrade install resume pause suspend cancel lock unlock rotate insert write save stop disable detach disassociate deactivate activate accept reject approve merge close reopen transfer fork link unlink bind unbind join leave connect disconnect subscribe unsubscribe publish unpublish release revert change replace submit trigger rerun retry bootstrap init provision mount unmount allocate adjust failover switch encrypt decrypt export-to regenerate renew allow deny repair rebalance open-port expose admin-set begin complete initiate batch-write enqueue dispatch archive unarchive mark invite share extend'.split(' '))
const DESTROY = new Set('delete remove rm del destroy terminate purge drop deregister revoke kill uninstall reset wipe erase flush clear release-address evict abort undeploy prune truncate decommission deprovision nuke recreate rebuild reimage reinstall force-delete delete-all remove-all deltree discard schedule-deletion hard-delete expire obliterate empty teardown trim format'.split(' '))
const LOCAL = new Set('build compile fmt format-code completion completions login logout use use-context select-context download export pull clone package pack template scaffold generate gen new dev serve watch proxy port-forward tunnel alias cache'.split(' '))

/** Things that hold many others: their end is the end of all of these. */
const COLLECTIONS = /(^|[-_:.])(buckets?|databases?|db(-?(instance|cluster))?|tables?|clusters?|namespaces?|ns|projects?|groups?|resource-groups?|vaults?|stacks?|zones?|hosted-?zones?|dns-?zones?|accounts?|organi[sz]ations?|orgs?|tenants?|repos?|repository|repositories|registry|registries|keyrings?|keyvault|d1|warehouse|environments?|apps?|applications?|sites?|domains?|file-?systems?|user-?pools?|workspaces?|folders?|collections?|indexes|index|indices|streams?|sql|spanner|bigtable|firestore|redis|postgres(ql)?|mysql|rds|dynamodb|redshift|elasticache|docdb|neptune|cosmosdb|pvc?|persistentvolumes?|crds?|customresourcedefinitions?|datasets?|warehouses?|schemas?|catalogs?|fleets?|pools?|systems?|backup-vaults?|nodes?)(s)?($|[-_:.])/i
const PLAIN = /(^|[-_:.])(db-parameter-group|security-?groups?|node-?groups?|log-?groups?|target-?groups?|autoscaling-?groups?|auto-scaling-groups?|instance-groups?|route-?tables?|db-subnet-groups?|cache-subnet-groups?|parameter-?groups?|option-groups?|placement-groups?|access-?keys?|key-?pairs?|ssh-?keys?|service-?accounts?|api-?keys?|public-keys?|dns-?records?|recordsets?|records?|network-?acls?|nsg|domain-names?|domain-records?|table-entity|user-?groups?|group-?members?|global-indexes|metrics?-alarms?|alias(es)?|consumer-groups?)($|[-_:.])/i
const SECRETS = /(^|[-_:.])(secrets?|secret-?values?|credentials?|passwords?|connection-?strings?|access-?tokens?|tokens?|print-access-token|print-identity-token|login-password|authorization-token|session-token|list-keys|keys|private-?keys?|kubeconfig|api-?keys?|service-account-keys?|parameters?-by-path|password-data|get-access-token|sas|generate-sas|config-vars)($|[-_:.])/i
const AUDIT = /(^|[-_:.])(cloudtrail|trails?|audit(-?(logs?|config|policies|policy|events?))?|log-?groups?|log-?streams?|flow-?logs?|sinks?|guardduty|detectors?|config-?recorder|configuration-recorders?|security-?hub|securityhub|macie2?|inspector2?|defender|diagnostic-settings|activity-log|access-analyzer|log-profiles?|delivery-channels?|logging|auditing)($|[-_:.])/i
const OPEN = /(^|[=,:'"\s/])(0\.0\.0\.0\/0|::\/0|allusers|allauthenticatedusers|public-read(-write)?|publicread|administratoraccess|poweruseraccess|roles\/(owner|editor|iam\.\w*admin\w*|resourcemanager\.\w*admin)|owner|cluster-admin|system:masters|superuser|dbadmin|\*:\*|\[?\{?group=all\}?\]?)($|[,'"\s}\]])|"principal"\s*:\s*("\*"|\{\s*"aws"\s*:\s*"\*")|"action"\s*:\s*"\*"/i
/** Who may do what: widening it is a way in. */
const ACCESS = /(iam|policy|policies|acl|ingress|security-?group|firewall|role|binding|permission|member|nsg|rule|access|public|network)/i

const WITHOUT_EFFECT = ['--dry-run', '--dryrun', '--what-if', '--whatif', '--validate-only', '--no-execute', '--no-execute-changeset', '--generate-cli-skeleton', '--check', '--plan', '--noop', '--no-op', '--simulate', '--preview', '--diff-only']

/** At the beginning they may be a thing, too: `gcloud run services list`. */
const AMBIGUOUS = /^(run|test|logs?|events|images|search|scan|label|tag|archive|builds?|graph|tasks|deploy|backup|cache|plan|invite|link|call|send|exec|output|env-list|account|build)$/

export interface Spoken {
  readonly verb: 'read' | 'write' | 'destroy' | 'local' | undefined
  /** The words around the verb: what it is done to. */
  readonly noun: string
  /** Where the verb stands. */
  readonly at: number
}

/** The first word that is a verb, alone or in front of a hyphen or behind a colon. */
export function spoken(operands: readonly string[]): Spoken {
  for (const [at, operand] of operands.slice(0, 6).entries()) {
    const word = operand.toLowerCase()
    if (!/^[a-z][a-z0-9:_.-]*$/.test(word)) continue
    const colon = word.split(/[:.]/)
    const verb = classOf(word) ?? classOf(colon.at(-1) ?? '') ?? classOf(word.split('-')[0] ?? '') ?? classOf(word.split('-').at(-1) ?? '') ?? classOf(/^(delete|remove|list|get|create|update|add)(?=[a-z]{3})/.exec(word)?.[1] ?? '')
    if (verb === undefined) continue
    const own = word.includes('-') || word.includes(':') || word.length > 12 ? word.replace(/^(batch-)?(delete|remove|list|get|create|update|put|describe|terminate|deregister|stop|disable)-?/, '').replace(/-(delete|remove|destroy|terminate|rm)$/, '').replace(/^(permanent|force|hard|soft|bulk|batch|mass)(ly)?$/, '') : ''
    const next = at <= 1 && AMBIGUOUS.test(word) ? operands.slice(at + 1, at + 4).findIndex((one) => classOf(one.toLowerCase()) !== undefined && !/^\W/.test(one)) : -1
    if (next >= 0) continue
    return { verb, noun: [...operands.slice(0, at), ...(own === word ? [] : [own]), ...(at === 0 && own === '' ? operands.slice(1, 2) : [])].join(' ').toLowerCase(), at }
  }
  return { verb: undefined, noun: operands.slice(0, 2).join(' ').toLowerCase(), at: -1 }
}

function classOf(word: string): Spoken['verb'] {
  if (READ.has(word)) return 'read'
  if (DESTROY.has(word)) return 'destroy'
  if (WRITE.has(word)) return 'write'
  return LOCAL.has(word) ? 'local' : undefined
}

function isCollection(noun: string): boolean {
  // The nearest one counts: of `storage blob delete` it is the blob.
  const nearest = noun.trim().split(' ').at(-1) ?? ''
  return COLLECTIONS.test(nearest) && !PLAIN.test(nearest)
}

export function changesNothing({ flags }: Pick<Call, 'flags'>): boolean {
  return WITHOUT_EFFECT.some((name) => flags.has(name) && !valuesOf(flags, name).some((value) => /^(none|false|no|0)$/.test(value)))
}

/** Judges a call by its verb; `unknownAs` when no word of it is one. */
export function byVerbs(call: Call, unknownAs: 'unknown' | 'look' = 'unknown'): Flow {
  const { operands, shell, words, flags } = call
  const { verb, noun, at } = spoken(operands)
  const target = operands.slice(0, 6).join(' ')
  const phrase = `${noun} ${operands[at] ?? ''}`.toLowerCase()
  if (verb !== 'read' && changesNothing(call)) return NOTHING
  const isSecret = phrase.split(/\s+/).some((word) => SECRETS.test(word))
  switch (verb) {
    case 'read': return isSecret && !/^(list|ls|describe|status|history)/.test(operands[at] ?? '') || (isSecret && /keys|connection-string|credentials|sas/.test(operands[at] ?? '')) || has(flags, '--with-decryption') ? { ...UNKNOWN_FLOW, isSecret: true } : UNKNOWN_FLOW
    case 'local': return local(operands[at] ?? '', call, isSecret)
    case 'write': {
      if (AUDIT.test(noun.replaceAll(' ', '-')) && /^(stop|disable|deactivate|suspend|pause)/.test(operands[at] ?? '')) shell.does('audit.off', 'remote', { target })
      else if ((OPEN.test(words.join(' ')) || /--source(-address)?-(prefixes|ranges)[ =]\W?\*/.test(words.join(' ').replaceAll('\uE004', '*'))) && ACCESS.test(phrase + words.filter((word) => word.startsWith('--')).join(' '))) shell.does('security.off', 'remote', { target, note: 'opens it to everybody, or hands out every right' })
      else shell.does('remote.write', 'remote', { target, amount: has(flags, '--all') ? 'many' : 'one' })
      return isSecret && /^(create|generate|regenerate|rotate|decrypt)/.test(operands[at] ?? '') ? { ...UNKNOWN_FLOW, isSecret: true } : UNKNOWN_FLOW
    }
    case 'destroy': {
      if (noun.split(/\s+/).some((word) => AUDIT.test(word))) shell.does('audit.off', 'remote', { target })
      else shell.does('remote.destroy', 'remote', { target, amount: isCollection(noun) || has(flags, '--all', '--recursive') || operands.slice(at + 1).length > 3 ? 'all' : 'one' })
      return UNKNOWN_FLOW
    }
    default:
      // A plural alone lists them.
      if (/[a-z]s$/.test(operands.at(-1) ?? '') && operands.length > 1 && COLLECTIONS.test(operands.at(-1) ?? '')) return UNKNOWN_FLOW
      if (!judgeStatements(call) && unknownAs === 'unknown') shell.does('unknown', 'none', { target, note: 'this sub-command is not known' })
      return UNKNOWN_FLOW
  }
}

function local(verb: string, { shell, operands }: Call, isSecret: boolean): Flow {
  const target = operands.slice(0, 4).join(' ')
  if (/^(login|logout|use|select-context|use-context|alias)$/.test(verb)) shell.does('config', 'home', { target })
  else if (/^(dev|serve|watch|proxy|port-forward|tunnel)$/.test(verb)) shell.does('net.listen', 'none', { target })
  else if (!/^(completions?|template)$/.test(verb)) shell.does('fs.write', 'project', { target })
  return isSecret ? { ...UNKNOWN_FLOW, isSecret: true } : UNKNOWN_FLOW
}
