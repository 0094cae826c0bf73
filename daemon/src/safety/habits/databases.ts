/** Clients of databases: where their statements stand, and what the ones that are no SQL do. */
import { has, sorted, valuesOf, type Call } from '../call.ts'
import { readFrom, writeTo } from '../shell/redirects.ts'
import { GLOB, UNKNOWN_FLOW, type Flow } from '../text.ts'
import { judgeSql } from './sql.ts'
import { byVerbs } from './verbs.ts'

const SQL_VALUES = new Set('-c --command -e --execute -f --file -h --host -p -P --port -U --username -u --user -d --dbname -D --database -Q -q --query -S -i -o --output -v --set --variable'.split(' '))

export function sqlClientRun({ name, words, shell, stdin }: Call): Flow {
  const { flags, operands } = sorted(words, SQL_VALUES)
  const isMysql = /^(mysql|mariadb|mycli)/.test(name)
  const database = { isLocal: false, name }
  const texts = [...valuesOf(flags, '-c', '--command', '-e', '--execute', '-Q', '--query'), ...(name === 'sqlcmd' || /clickhouse|snow|sqlplus|trino|presto/.test(name) ? valuesOf(flags, '-q') : [])]
  const files = valuesOf(flags, '-f', '--file', ...(/sqlcmd|osql|isql/.test(name) ? ['-i'] : []))
  for (const path of valuesOf(flags, '-o', '--output')) writeTo(path, UNKNOWN_FLOW, shell)
  for (const text of texts) judgeSql(text, database, shell)
  for (const file of files) {
    const flow = readFrom(file, shell)
    if (flow.text !== undefined) judgeSql(flow.text, database, shell)
    else shell.does('remote.write', 'remote', { target: `what ${file} says`, certainty: 'assumed' })
  }
  if (texts.length + files.length > 0 || flags.has('-l') || has(flags, '--list', '--version')) return UNKNOWN_FLOW
  // Some take the statement as a plain word.
  const statement = operands.find((word) => /^\s*(select|drop|delete|update|insert|truncate|alter|create|show|grant)\b/i.test(word))
  if (statement !== undefined) judgeSql(statement, database, shell)
  else if (stdin.text !== undefined) judgeSql(stdin.text, database, shell)
  else if (stdin !== UNKNOWN_FLOW) shell.does('remote.write', 'remote', { target: 'what the pipe brings', certainty: 'assumed' })
  else if (!isMysql || operands.length < 9) shell.does('unknown', 'none', { target: `a prompt of ${name} for whoever sits there` })
  return UNKNOWN_FLOW
}

export function sqliteRun({ name, operands, flags, shell, stdin, words }: Call): Flow {
  const [file = ''] = operands
  const isLocal = file === '' || file === ':memory:' || !shell.place(file).path.startsWith('/') || ['project', 'build', 'temp'].includes(shell.place(file).scope)
  const database = { isLocal, name }
  const texts = [...operands.slice(1), ...valuesOf(flags, '--cmd', '--c')]
  for (const text of texts) {
    if (/^\.(shell|system)\s+/.test(text)) shell.run(text.replace(/^\.\w+\s+/, ''))
    else if (/^\.(read|import|restore|load|save|backup|output|once|log|archive|excel)\b/.test(text)) shell.does('fs.write', 'project', { target: text })
    else judgeSql(text, database, shell)
  }
  if (texts.length > 0) return { ...UNKNOWN_FLOW, isSecret: shell.place(file).isSecret }
  if (stdin.text !== undefined) judgeSql(stdin.text, database, shell)
  else if (stdin !== UNKNOWN_FLOW) shell.does(isLocal ? 'fs.write' : 'remote.write', isLocal ? 'project' : 'remote', { target: file })
  else if (!words.some((word) => /^--?version$/.test(word))) shell.does('unknown', 'none', { target: `a prompt of ${name}` })
  return UNKNOWN_FLOW
}

const REDIS_READS = /^(get|mget|exists|ttl|pttl|type|keys|scan|hget|hgetall|hmget|hkeys|hvals|hlen|hscan|lrange|llen|lindex|smembers|sismember|scard|sscan|zrange|zrangebyscore|zscore|zcard|zrank|zcount|strlen|getrange|bitcount|dbsize|info|ping|echo|time|lastsave|memory|object|randomkey|xrange|xread|xlen|xinfo|pfcount|geopos|geodist|pubsub|subscribe|psubscribe|monitor|client list|client info|client getname|slowlog|command|cluster info|cluster nodes|cluster slots|latency|role|config get|acl list|acl whoami|acl getuser|help|select|auth|hello|stats|display|dump|script exists|function list|json\.get|ft\.search|ft\.info|touch)\b/i

export function redisRun({ words, shell, stdin }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-h -p -n -a -u -i -r -s --user --pass --pattern --pipe-timeout -d --eval'.split(' ')))
  if (has(flags, '--scan')) return { ...UNKNOWN_FLOW, paths: [(valuesOf(flags, '--pattern')[0] ?? '*').replaceAll('*', GLOB)] }
  if (has(flags, '--bigkeys', '--stat', '--latency', '--memkeys', '--hotkeys', '--version', '--intrinsic-latency')) return UNKNOWN_FLOW
  if (has(flags, '--rdb')) { shell.does('fs.write', 'project', { target: 'a dump' }); return UNKNOWN_FLOW }
  const lines = operands.length > 0 ? [operands.join(' ')] : (stdin.text?.split('\n') ?? [])
  if (lines.length === 0) shell.does(stdin === UNKNOWN_FLOW ? 'unknown' : 'remote.write', stdin === UNKNOWN_FLOW ? 'none' : 'remote', { target: 'commands for the store' })
  for (const line of lines.filter((one) => one.trim() !== '')) {
    if (/^(flushall|flushdb|flush_all|debug (segfault|reload)|cluster reset|function flush)\b/i.test(line)) shell.does('remote.destroy', 'remote', { amount: 'all', target: line })
    else if (/^config set (dir|dbfilename|protected-mode no|requirepass "?"?$)|^(slaveof|replicaof)\s+(?!no)|^module load|^acl setuser .*(on|nopass|allcommands|\+@all)/i.test(line)) shell.does('backdoor', 'remote', { target: line })
    else if (/^shutdown\b/i.test(line)) shell.does('service', 'system', { target: line })
    else if (/^(del|unlink|expire|pexpire|zrem|srem|hdel|lpop|rpop|ltrim|zremrange\w*|getdel|rename|move|json\.del|xdel|xtrim|spop)\b/i.test(line)) shell.does('remote.destroy', 'remote', { target: line, amount: new RegExp(` ${GLOB}$`).test(line) ? 'all' : 'one' })
    else if (!REDIS_READS.test(line)) shell.does('remote.write', 'remote', { target: line })
  }
  return UNKNOWN_FLOW
}

export function mongoRun({ words, flags, operands, shell, stdin }: Call): Flow {
  const files = operands.filter((word) => word.endsWith('.js'))
  const texts = [...valuesOf(flags, '--eval'), ...(stdin.text === undefined ? [] : [stdin.text])]
  for (const file of files) {
    const { text } = readFrom(file, shell)
    if (text === undefined) shell.does('remote.write', 'remote', { target: `what ${file} says`, certainty: 'assumed' })
    else texts.push(text)
  }
  for (const text of texts) {
    const target = text.slice(0, 80)
    if (/\.(dropDatabase|drop|dropIndexes|dropUser|dropAllUsersFromDatabase|dropAllRolesFromDatabase)\s*\(|(deleteMany|remove)\s*\(\s*(\{\s*\})?\s*[,)]|dropDatabase\s*:|drop\s*:\s*['"]/.test(text)) shell.does('remote.destroy', 'remote', { amount: 'all', target })
    else if (/updateMany\s*\(\s*\{\s*\}|\.update\s*\(\s*\{\s*\}.*multi/.test(text)) shell.does('remote.write', 'remote', { amount: 'all', target })
    else if (/\.(deleteOne|deleteMany|remove|findOneAndDelete|findAndModify|dropIndex)\s*\(/.test(text)) shell.does('remote.destroy', 'remote', { target })
    else if (/shutdownServer/.test(text)) shell.does('service', 'system', { target })
    else if (/\.(insert\w*|update\w*|replaceOne|save|createIndex|createCollection|renameCollection|createUser|grantRolesToUser|bulkWrite|findOneAnd\w+|adminCommand|runCommand|aggregate\s*\(.*\$(out|merge))/.test(text) && !/runCommand\(\s*\{\s*(ping|buildInfo|serverStatus|dbStats|collStats|isMaster|hello|connectionStatus|listDatabases|listCollections)|adminCommand\(\s*(\{\s*)?['"]?(ping|listDatabases|serverStatus|getLog|replSetGetStatus)/.test(text)) shell.does('remote.write', 'remote', { target })
  }
  if (texts.length === 0 && files.length === 0 && !words.some((word) => word.includes('version'))) shell.does(stdin === UNKNOWN_FLOW ? 'unknown' : 'remote.write', stdin === UNKNOWN_FLOW ? 'none' : 'remote', { target: 'commands for the store' })
  return UNKNOWN_FLOW
}

export function cypherRun({ operands, flags, shell, stdin }: Call): Flow {
  const files = valuesOf(flags, '-f', '--file').map((file) => readFrom(file, shell).text)
  const texts = [...operands, ...files, stdin.text].filter((text) => text !== undefined && text.trim() !== '')
  if (files.includes(undefined)) shell.does('remote.write', 'remote', { target: 'what a file says', certainty: 'assumed' })
  else if (texts.length === 0) shell.does(stdin === UNKNOWN_FLOW ? 'unknown' : 'remote.write', stdin === UNKNOWN_FLOW ? 'none' : 'remote', { target: 'statements' })
  for (const text of texts.flatMap((one) => one?.split(';') ?? [])) {
    const target = text.trim().slice(0, 80)
    // Nodes that a property or a WHERE picks out are some of them.
    if (/\bdelete\b/i.test(text)) shell.does('remote.destroy', 'remote', { target, amount: /\bwhere\b|\{\s*\w+\s*:/i.test(text) ? 'one' : 'all' })
    else if (/\bdrop\s+(database|composite)/i.test(text)) shell.does('remote.destroy', 'remote', { target, amount: 'all' })
    else if (/\b(create|merge|set|remove|drop|alter|grant|revoke|load\s+csv|foreach)\b/i.test(text)) shell.does('remote.write', 'remote', { target })
  }
  return UNKNOWN_FLOW
}

/** Services whose verb is an option: `--delete`, `--list`. */
export function searchRun(call: Call): Flow {
  const { flags, words, shell, operands } = call
  if (has(flags, '--list', '--describe', '--version', '-L', '-C')) return UNKNOWN_FLOW
  if (has(flags, '--delete', '--delete-records')) shell.does('remote.destroy', 'remote', { amount: 'all', target: words.join(' ') })
  else if (operands.includes('del') || operands.includes('rm')) shell.does('remote.destroy', 'remote', { amount: has(flags, '--prefix', '--from-key', '-r') ? 'all' : 'one', target: words.join(' ') })
  else if (has(flags, '--create', '--alter', '--reset-offsets', '-P', '--add-config') || /producer|_pub$/.test(call.name)) shell.does('remote.write', 'remote', { target: words.join(' ') })
  else if (/consumer|_sub$/.test(call.name)) return UNKNOWN_FLOW
  else return byVerbs(call)
  return UNKNOWN_FLOW
}
