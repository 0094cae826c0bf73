/** What clouds do that their verbs do not say. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import { writeTo } from '../shell/redirects.ts'
import type { Shell } from '../shell/shell.ts'
import { NOTHING, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { judgeSql } from './sql.ts'
import { byVerbs, changesNothing } from './verbs.ts'
import { startText, startWords } from './wrap.ts'

const SECRET: Flow = { ...UNKNOWN_FLOW, isSecret: true }
/** What they print is a credential. */
const AWS_SECRETS = /^(secretsmanager (get-secret-value|batch-get-secret-value)|sts (assume-role\S*|get-session-token|get-federation-token)|ecr (get-login-password|get-login|get-authorization-token)|ecr-public get-login-password|kms (decrypt|generate-data-key\S*)|iam create-(access-key|login-profile|service-specific-credential)|rds generate-db-auth-token|ec2 (get-password-data|create-key-pair)|lightsail (download-default-key-pair|get-instance-access-details)|codeartifact get-authorization-token|cognito-idp (admin-)?initiate-auth|configure (export-credentials|get)|redshift get-cluster-credentials\S*|eks get-token)/
const AWS_LOCAL = /^(configure( set| sso| import| add-model)?|sso (login|logout)|eks update-kubeconfig|codeartifact login|ecr-login)$/
/** Deleting these switches records or protection off. */
const AWS_AUDIT = /^(cloudtrail (stop-logging|delete-trail|put-event-selectors)|logs delete-(log-group|log-stream|retention-policy)|config(service)? (stop-configuration-recorder|delete-\S+)|guardduty (delete-detector|update-detector|stop-\S+|delete-\S+)|securityhub (disable-\S+|delete-\S+)|macie2 disable-\S+|inspector2? disable\S*|accessanalyzer delete-\S+|ec2 delete-flow-logs|detective delete-\S+|wafv2 (delete-\S+|disassociate-\S+)|shield delete-\S+|s3api (delete-bucket-policy-audit|put-bucket-logging)|cloudwatch (delete-alarms|disable-alarm-actions)|iam deactivate-mfa-device|iam delete-account-password-policy|organizations leave-organization)/
const AWS_OPEN = /^(s3api (delete-public-access-block|delete-bucket-encryption)|s3control delete-public-access-block|ec2 disable-ebs-encryption-by-default)$/
const AWS_ALL = /^(rds delete-(db-instance|db-cluster|global-cluster|db-snapshot|db-cluster-snapshot)|dynamodb delete-(table|backup)|s3api delete-(bucket|objects)|eks delete-cluster|ecs delete-cluster|cloudformation delete-stack(-set)?|route53 delete-hosted-zone|kms (schedule-key-deletion|disable-key|delete-imported-key-material)|efs delete-file-system|elasticache delete-\S*(cluster|group)|redshift delete-cluster|es delete-elasticsearch-domain|opensearch delete-domain|docdb delete-db-cluster|neptune delete-db-cluster|organizations (delete-\S+|close-account)|account \S*close\S*|backup delete-(backup-vault|recovery-point)|secretsmanager delete-secret|ecr delete-repository|cognito-idp delete-user-pool|elasticbeanstalk terminate-environment|elasticbeanstalk delete-application|emr terminate-clusters|kafka delete-cluster|fsx delete-\S+|ec2 delete-vpc|glacier delete-vault|glue delete-database|timestream-write delete-\S+|codecommit delete-repository|sqs (purge-queue)|workspaces terminate-workspaces|kinesis delete-stream|lightsail delete-relational-database)/

export function awsRun(call: Call): Flow {
  const { flags, operands, words, shell } = call
  const [service = '', operation = ''] = operands
  const phrase = `${service} ${operation}`
  if (service === '' || operands.includes('help')) return NOTHING
  if (service === 's3') return s3(operation, operands.slice(2), call)
  if (changesNothing(call)) return UNKNOWN_FLOW
  const target = operands.slice(0, 4).join(' ')
  if (AWS_SECRETS.test(phrase) || (service === 'ssm' && operation.startsWith('get-parameter') && has(flags, '--with-decryption'))) {
    if (/^iam create-|^ec2 create-key/.test(phrase)) shell.does('remote.write', 'remote', { target })
    if (phrase.startsWith('configure get')) return { ...UNKNOWN_FLOW, isSecret: /secret|token|key/.test(target) }
    return SECRET
  }
  if (/^configure (list|list-profiles)$/.test(phrase) || operation === 'wait') return UNKNOWN_FLOW
  if (AWS_LOCAL.test(phrase.trim())) shell.does('config', 'home', { target })
  else if (AWS_OPEN.test(phrase)) shell.does('security.off', 'remote', { target })
  else if (AWS_AUDIT.test(phrase)) shell.does('audit.off', 'remote', { target })
  else if (AWS_ALL.test(phrase) || (operation === 'terminate-instances' && severalIds(words))) shell.does('remote.destroy', 'remote', { target, amount: 'all' })
  else if (/^(ssm (send-command|start-session)|ecs execute-command)$/.test(phrase)) shell.does('exec.unknown', 'remote', { target, note: 'runs commands on other machines' })
  else if (/^dynamodb execute-statement|^rds-data execute-statement|^redshift-data execute-statement|^athena start-query-execution/.test(phrase)) judgeSql(valuesOf(sorted(words, new Set(['--statement', '--sql', '--query-string'])).flags, '--statement', '--sql', '--query-string').join(';'), { isLocal: false, name: 'aws' }, shell)
  else return plain(call)
  return UNKNOWN_FLOW
}

/** `aws SERVICE VERB-NOUN`: nouns that hold others stand in the list above, so a delete of any other is of one thing. */
function plain(call: Call): Flow {
  const { operands, shell } = call
  const operation = operands[1] ?? ''
  if (/^(batch-)?(delete|remove|terminate|deregister|revoke|purge|release|disassociate|detach)-/.test(operation)) {
    shell.does('remote.destroy', 'remote', { target: operands.slice(0, 4).join(' ') })
    return UNKNOWN_FLOW
  }
  if (/^(describe|list|get|head|batch-get|query|scan|search|filter|lookup|preview|test|validate|estimate|check|view|tail|select|simulate|decode|detect|start-query|stop-query|verify)(-|$)/.test(operation)) {
    for (const path of operands.slice(2)) if (operation === 'get-object') writeTo(path, UNKNOWN_FLOW, shell)
    return UNKNOWN_FLOW
  }
  return byVerbs({ ...call, operands: [operation, operands[0] ?? '', ...operands.slice(2)] })
}

function severalIds(words: readonly string[]): boolean {
  const at = words.indexOf('--instance-ids')
  const ids = words.slice(at + 1)
  const end = ids.findIndex((word) => word.startsWith('--'))
  const own = end < 0 ? ids : ids.slice(0, end)
  return own.length > 2 || own.some((id) => /[\uE000-\uE004]/.test(id))
}

function s3(verb: string, paths: readonly string[], { flags, shell }: Call): Flow {
  const [from = '', to = ''] = paths
  if (has(flags, '--dryrun') || verb === 'ls' || verb === 'presign' || verb === '') return UNKNOWN_FLOW
  if (verb === 'mb') shell.does('remote.write', 'remote', { target: from })
  else if (verb === 'rb') shell.does('remote.destroy', 'remote', { target: from, amount: 'all' })
  else if (verb === 'rm') shell.does('remote.destroy', 'remote', { target: from, amount: has(flags, '--recursive') ? (isWholeBucket(from) ? 'all' : 'one') : 'one' })
  else transfer({ from, to, isMove: verb === 'mv', deletes: has(flags, '--delete'), isPublic: valuesOf(flags, '--acl').some((acl) => acl.startsWith('public')) }, shell)
  return UNKNOWN_FLOW
}

function isWholeBucket(url: string): boolean {
  return !/^\w+:\/\/[^/]+\/[^/*\uE004]/.test(url)
}

interface Transfer {
  readonly from: string
  readonly to: string
  readonly isMove: boolean
  readonly deletes: boolean
  readonly isPublic: boolean
}

const ELSEWHERE = /^(s3|gs|az|b2|r2|oss|cos|https?):\/\//

function transfer({ from, to, isMove, deletes, isPublic }: Transfer, shell: Shell): void {
  // A site as it was built replaces the one before: that is how such a bucket is used.
  const isBuilt = !ELSEWHERE.test(from) && shell.place(from).scope === 'build'
  if (ELSEWHERE.test(to)) {
    if (!ELSEWHERE.test(from) && shell.place(from).isSecret) shell.does('secret.send', 'remote', { target: to })
    else if (isPublic) shell.does('security.off', 'remote', { target: to, note: 'opens it to everybody' })
    else shell.does(deletes ? 'remote.destroy' : 'remote.write', 'remote', { target: to, amount: deletes && isWholeBucket(to) && !isBuilt ? 'all' : 'one' })
  } else if (to !== '' && to !== '-') {
    writeTo(to, { ...UNKNOWN_FLOW, isDownloaded: true }, shell)
    if (deletes) shell.touch('fs.delete', to, { amount: 'many' })
  }
  if (isMove && ELSEWHERE.test(from)) shell.does('remote.destroy', 'remote', { target: from })
}

/** gsutil, rclone, mc, azcopy and others for buckets. */
export function storageRun(call: Call): Flow {
  const { name, flags, operands, words, shell } = call
  const [verb = '', ...paths] = operands.filter((word) => word !== '-m')
  if (has(flags, '--dry-run', '--dryrun', '-n') && name !== 'gsutil') return UNKNOWN_FLOW
  const isRemote = (path: string) => ELSEWHERE.test(path) || /^[\w-]+:/.test(path) || (name === 'mc' && /^[\w-]+\/[\w-]/.test(path))
  const whole = (path: string) => (/^https?:/.test(path) ? /^https?:\/\/[^/]+\/[^/?]*\/?([?\uE000]|$)/.test(path) : ELSEWHERE.test(path) ? isWholeBucket(path) : /^[\w-]+:[^/]*\/?$/.test(path) || /^[\w-]+\/[\w-]+\/?$/.test(path))
  const recursive = has(flags, '-r', '-R', '--recursive', '-a')
  const target = words.join(' ')
  switch (verb) {
    case 'rb': case 'purge': case 'delete-bucket': case 'cleanup': case 'rbs': shell.does('remote.destroy', 'remote', { target, amount: 'all' }); return UNKNOWN_FLOW
    case 'rm': case 'del': case 'delete': case 'remove': case 'deletefile': case 'rmdirs': case 'delete-file-version': case 'rmdir':
      shell.does('remote.destroy', 'remote', { target, amount: (recursive || verb === 'delete' || paths.some((path) => /[*\uE004]$/.test(path))) && paths.some(whole) ? 'all' : 'one' })
      return UNKNOWN_FLOW
    case 'cp': case 'copy': case 'mv': case 'move': case 'sync': case 'rsync': case 'mirror': case 'put': case 'copyto': case 'moveto': case 'get': case 'upload': case 'download': case 'bisync': case 'upload-file': {
      const to = paths.at(-1) ?? ''
      const deletes = has(flags, '-d', '--delete', '--delete-removed', '--remove', '--delete-destination') || (name === 'rclone' && (verb === 'sync' || verb === 'bisync'))
      if (isRemote(to) && verb !== 'get') {
        if (paths.slice(0, -1).some((path) => !isRemote(path) && shell.place(path).isSecret)) shell.does('secret.send', 'remote', { target })
        else shell.does(deletes ? 'remote.destroy' : 'remote.write', 'remote', { target })
      } else {
        writeTo(to === '' || isRemote(to) ? '.' : to, { ...UNKNOWN_FLOW, isDownloaded: true }, shell)
        if (deletes) shell.touch('fs.delete', to, { amount: 'many' })
      }
      if (/^(mv|move|moveto)$/.test(verb) && paths.slice(0, -1).some(isRemote)) shell.does('remote.destroy', 'remote', { target })
      return UNKNOWN_FLOW
    }
    case 'acl': case 'iam': case 'setacl': case 'anonymous': case 'policy': case 'defacl': case 'cors': case 'lifecycle': case 'versioning': case 'retention': case 'web': case 'admin': case 'uniformbucketlevelaccess': case 'logging': case 'notification': case 'ilm':
      if (/public|allusers|anonymous set|\bread\b.*allusers/i.test(target)) shell.does('security.off', 'remote', { target, note: 'opens it to everybody' })
      else if (!/\b(get|list|ls|info)\b/.test(target)) shell.does('remote.write', 'remote', { target })
      return UNKNOWN_FLOW
    case 'config': case 'alias': case 'configure': case 'authorize-account': case 'login': case 'logout': if (!/\b(show|list|file|paths|dump|ls)\b/.test(target)) shell.does('config', 'home', { target })
      return { ...UNKNOWN_FLOW, isSecret: /config (show|dump)/.test(target) }
    case 'mb': case 'mkdir': case 'touch': case 'link': case 'rcat': case 'settier': case 'make': shell.does('remote.write', 'remote', { target }); return UNKNOWN_FLOW
    case 'mount': shell.does('fs.mount', 'project', { target }); return UNKNOWN_FLOW
    case 'serve': case 'rcd': shell.does('net.listen', 'none', { target }); return UNKNOWN_FLOW
    case 'ls': case 'la': case 'lsd': case 'lsl': case 'lsf': case 'lsjson': case 'list': case 'du': case 'size': case 'stat': case 'cat': case 'head': case 'hash': case 'about': case 'check': case 'version': case 'info': case 'tree': case 'find': case 'diff': case 'ncdu': case 'listremotes': case 'md5sum': case 'sha1sum': case 'jobs': case 'env': case 'presign': case 'signurl': case 'share': case 'help': case '': case 'cryptcheck': case 'ping': case 'multipart': return UNKNOWN_FLOW
    default: return byVerbs(call)
  }
}

export function bqRun(call: Call): Flow {
  const { flags, operands, shell, words } = call
  const [verb = '', ...rest] = operands
  if (verb === 'query') {
    if (!has(flags, '--dry_run')) judgeSql(rest.join(' '), { isLocal: false, name: 'bq' }, shell)
    return UNKNOWN_FLOW
  }
  if (verb === 'rm') shell.does('remote.destroy', 'remote', { target: words.join(' '), amount: 'all' })
  else if (/^(load|mk|cp|extract|insert|update|mkdef|undelete|truncate|partition|cancel|set-iam-policy|add-iam-policy-binding)$/.test(verb)) shell.does('remote.write', 'remote', { target: words.join(' '), amount: verb === 'truncate' ? 'all' : 'one' })
  return UNKNOWN_FLOW
}

const STORES = /^(pass|gopass|lpass|rbw|bw|op|keybase|secret-tool|security|keyring|envchain|aws-vault|doppler|infisical|chamber|teller|dotenv-vault|sops|age|rage)$/
const ENDS_ALL = /(pg:reset|db:reset|apps?:destroy|firestore:delete|database:remove|sites?:delete|redis:destroy|mongo:destroy|postgres:destroy|addons:destroy|pg:killall|projects?:delete|db:drop|db drop|db reset|core reset|site empty)/

/** Without a name it is the whole that the folder stands for. */
const ENDS_WHOLE = /^(railway (delete|down)|eb terminate|amplify delete|vercel project (rm|remove)|cf delete-(org|space)|render services delete)\b/

/** A host, a registry, a store of secrets: verbs, and what deploys without one. */
export function serviceRun(call: Call): Flow {
  const { name, operands, words, flags, shell, stdin } = call
  const [verb = ''] = operands
  const target = `${name} ${operands.slice(0, 4).join(' ')}`
  if (STORES.test(name)) return store(call, verb, target)
  if (changesNothing(call)) return UNKNOWN_FLOW
  if (ENDS_ALL.test(words.join(' ')) || ENDS_WHOLE.test(`${name} ${words.join(' ')}`)) shell.does('remote.destroy', 'remote', { target, amount: 'all' })
  else if (name === 'heroku' && /^(config|config:get)$/.test(verb)) return SECRET
  else if (/^(heroku|fly|flyctl|dokku|railway|doctl|kamal|render)$/.test(name) && /^(run|run:detached|ssh|exec|bash|console|pg:psql|psql)$/.test(verb)) {
    const inner = words.slice(words.indexOf(verb) + 1).filter((word, at, all) => !word.startsWith('-') && !/^-(a|r|-app|-remote|s|C)$/.test(all[at - 1] ?? ''))
    if (inner.length === 0 || verb === 'ssh') shell.does('unknown', 'none', { target })
    else return startWords(inner, shell, stdin, { where: 'remote' })
  } else if (/^(deploy|publish|push|up|launch|release|ship|prod)$/.test(verb) || has(flags, '--prod', '--production')) shell.does('remote.write', 'remote', { target })
  else if (/^(vercel|surge)$/.test(name) && (verb === '' || /^\.|\//.test(verb))) shell.does('remote.write', 'remote', { target })
  else if (operands.length === 0) return UNKNOWN_FLOW
  else if (/^(apps|ps|addons|releases|regions|pipelines|domains|certs|buildpacks|features|spaces|notifications|sites|functions|env|secret|secrets|kv|r2|d1|storage|buckets|nodes|servers|images|volumes|help|docs|open|accounts|orgs|projects|targets|teams|about|whoami|me|version)$/.test(verb) && operands.length === 1) return UNKNOWN_FLOW
  else if (verb === 'certonly' || verb === 'renew' || verb === 'revoke') shell.does('config', 'system', { target })
  else return byVerbs(call)
  return UNKNOWN_FLOW
}

function store({ name, words, operands, flags, shell, stdin }: Call, verb: string, target: string): Flow {
  if (/^(exec|run)$/.test(verb)) {
    const at = words.indexOf('--')
    return at >= 0 ? startWords(words.slice(at + 1), shell, stdin) : startWords(operands.slice(name === 'aws-vault' || name === 'chamber' || name === 'envchain' ? 2 : 1), shell, stdin)
  }
  // `op user delete`, `doppler configs delete`: what is done stands behind what it is done to.
  const deed = operands.slice(1, 3).find((word) => /^(rm|remove|delete|del|suspend|revoke|purge)$/.test(word))
  if (deed !== undefined && !/^(show|get|insert|add|edit|generate|cp|mv|read|find|grep|ls)$/.test(verb)) { shell.does('remote.destroy', 'remote', { target, amount: /^(vault|project|account|group|environment|config)s?$/.test(verb) ? 'all' : 'one' }); return UNKNOWN_FLOW }
  if (/^(ls|list|status|version|sync|git|help|find|search|whoami|account|user|projects|configs|settings|show-keychain-info|list-keychains|login-status|find-certificate)$/.test(verb) && !has(flags, '--password', '-p')) return UNKNOWN_FLOW
  if (/^(rm|remove|delete|del|unset|purge|delete-generic-password|delete-internet-password|delete-keychain|erase|clear|reset)$/.test(verb)) shell.does('remote.destroy', 'remote', { target, amount: /keychain|vault|reset|purge/.test(target) ? 'all' : 'one' })
  else if (/^(insert|add|edit|generate|create|set|store|write|import|init|mv|cp|put|otp-insert|login|logout|unlock|lock|signin|signout|setup|add-generic-password|rotate|encrypt|unlock-keychain|set-keychain-settings|add-trusted-cert)$/.test(verb)) shell.does(verb === 'add-trusted-cert' ? 'security.off' : 'config', verb === 'add-trusted-cert' ? 'system' : 'home', { target })
  else if (name === 'sops' && !has(flags, '-d', '--decrypt', '--extract') && verb !== 'decrypt' && verb !== 'exec-env') shell.does('fs.write', 'project', { target })
  else if ((name === 'age' || name === 'rage') && !has(flags, '-d', '--decrypt')) { if (has(flags, '-o', '--output')) shell.does('fs.write', 'project', { target }) }
  else return SECRET
  return UNKNOWN_FLOW
}

/** `gcloud compute ssh VM --command '…'` */
export function gcloudSsh({ words, operands, shell }: Call): void {
  if (operands[0] !== 'compute' || operands[1] !== 'ssh' || words.includes('--dry-run')) return
  const end = words.indexOf('--')
  const at = words.findIndex((word) => /^--command(=|$)/.test(word))
  const text = at < 0 ? (end < 0 ? undefined : words.slice(end + 1).join(' ')) : (/^--command=(.*)$/s.exec(words[at] ?? '')?.[1] ?? words[at + 1] ?? '')
  if (text === undefined) shell.does('unknown', 'none', { target: 'a shell on another machine' })
  else startText(text, shell, UNKNOWN_FLOW, { where: 'remote' })
}
