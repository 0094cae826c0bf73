/** SQL statements, whoever they are given to: read, changed, lost. */
import type { Call } from '../call.ts'
import type { Shell } from '../shell/shell.ts'
import { isKnown } from '../text.ts'

export interface Database {
  /** A file of the project: what is in it is the project's. */
  readonly isLocal: boolean
  readonly name: string
}

const READS = /^(select|show|explain|describe|desc|with|values|table|pragma|analyze|use|\\[a-z]+|\.(tables|schema|dump|indexes|databases|headers|mode|width|help|show|stats|timer|print|echo|quit|exit|nullvalue|separator|fullschema)|help|list|begin|start|commit|rollback|end|savepoint|release|declare|fetch|close|set|reset|prepare|deallocate|checkpoint|discard|listen|unlisten|consistency|go|print|status|exists|if|exit|quit|cursor|kill query|check|checksum|handler|cache|refresh|msck|summarize|from|attach|detach|open)\b|^\.(tables|schema)/i

export function judgeSql(text: string, database: Database, shell: Shell): void {
  shell.scene.budget.bytes(text.length)
  for (const statement of statements(text).slice(0, 200)) one(statement, database, shell)
}

const STATEMENT = /^\s*(drop\s+(table|database|schema|keyspace|user|role|index|view|measurement|series|bucket)|truncate\s|delete\s+from\s|insert\s+into\s|update\s+\S+\s+set\s|alter\s+(table|user|role|system)\s|grant\s+.*\s+(on|to)\s)/i

/** Whatever program it is: a word of it may be a statement. True when one was. */
export function judgeStatements({ name, words, shell }: Pick<Call, 'name' | 'words' | 'shell'>): boolean {
  const own = words.filter((word) => STATEMENT.test(word))
  for (const statement of own) judgeSql(statement, { isLocal: false, name }, shell)
  return own.length > 0
}

/** Cut at `;` outside of quotes; comments go. */
function statements(text: string): string[] {
  const plain = text.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$\$[\s\S]*?\$\$|#[^\n]*(?=\n)/g, (part) => (part.startsWith("'") ? `'${part.slice(1, -1).replace(/[;\n]/g, ' ')}'` : part.startsWith('"') ? part.replace(/;/g, ' ') : part.startsWith('$$') ? part.replace(/;/g, ' ') : part.startsWith('/*!') ? part.replace(/^\/\*!\d*|\*\/$/g, '') : ' '))
  return plain.split(';').map((statement) => statement.trim().replace(/\s+/g, ' ')).filter((statement) => statement !== '')
}

function one(given: string, database: Database, shell: Shell): void {
  const target = given.slice(0, 80)
  const does = (amount: 'one' | 'many' | 'all', isDestroyed: boolean, note?: string) => lose({ amount, isDestroyed, target, note }, database, shell)
  if (!isKnown(given) && /^[\uE000-\uE002]/.test(given)) { shell.does('exec.unknown', 'unknown', { target: 'SQL that is not known' }); return }
  // `EXPLAIN ANALYZE DELETE` deletes.
  const text = given.replace(/^explain\s+(\((?![^)]*analyze\s+(?:false|off))[^)]*analyze[^)]*\)|analyze)\s+(verbose\s+)?/i, '').replace(/^(with\s+.*?\)\s*)(?=(delete|update|insert|merge)\b)/is, '')
  const inner = /^with\b/i.test(text) ? /\b(delete\s+from|update\s+\S+\s+set|insert\s+into|merge\s+into)\b.*$/is.exec(text)?.[0] : undefined
  if (inner !== undefined) { one(inner.replace(/\breturning\b.*$/is, '').replace(/\)\s*select\b.*$/is, ''), database, shell); return }
  const word = /^(\\!|[\\.]?\w+)/.exec(text)?.[0].toLowerCase() ?? ''
  switch (word) {
    case 'drop': does(/^drop\s+(table|database|schema|keyspace|tablespace|user|role|owned|materialized view|type|domain|collection|catalog|dataset|stream|sequence|column ?family|warehouse|login|extension|foreign table|external table)/i.test(text) && !/^drop\s+(user|role|login|type|domain|sequence|extension|materialized)/i.test(text) ? 'all' : 'one', true); return
    case 'truncate': does('all', true); return
    case 'delete': does(isBounded(text) ? 'one' : 'all', true, isBounded(text) ? undefined : 'deletes every row: no WHERE says which'); return
    case 'update': does(isBounded(text) ? 'one' : 'all', false, isBounded(text) ? undefined : 'changes every row: no WHERE says which'); return
    case 'alter': {
      const changed = /^alter\s+table\s+\S+\s+(delete|update)\b(.*)$/is.exec(text)
      if (changed) { does(isBounded(changed[2] ?? '') ? 'one' : 'all', /delete/i.test(changed[1] ?? '')); return }
      if (/\b(superuser|createrole|bypassrls)\b/i.test(text) && !/\bno(superuser|createrole|bypassrls)\b/i.test(text)) shell.does('backdoor', 'remote', { target })
      else does('one', /\bdrop\s+(column|partition|constraint)?/i.test(text))
      return
    }
    case 'grant': if (/\ball\b.*\bon\s+(\*\.\*|all|database)|with\s+(grant|admin)\s+option|superuser|sysadmin|dba\b|pg_(execute_server_program|read_server_files|write_server_files)|accountadmin/i.test(text)) shell.does('backdoor', 'remote', { target, note: 'hands out every right' })
      else does('one', false)
      return
    case 'copy': case 'unload': if (/\bprogram\b/i.test(text)) shell.run(/program\s+'([^']*)'/i.exec(text)?.[1] ?? '')
      else if (/\bto\s+'/i.test(text)) shell.touch('fs.write', /to\s+'([^']*)'/i.exec(text)?.[1] ?? '', { amount: 'one' })
      else does('one', false)
      return
    case '\\!': case '.shell': case '.system': case 'system': case '!!': case 'xp_cmdshell': shell.run(text.replace(/^[\\.!]*\w*\s*/, '')); return
    case 'exec': case 'execute': case 'call': if (/xp_cmdshell|sp_oacreate|sp_configure/i.test(text)) { const command = /xp_cmdshell\s+N?'([^']*)'/i.exec(text)?.[1]; if (command === undefined) shell.does('security.off', 'remote', { target }); else shell.run(command) } else does('one', false)
      return
    case 'do': does(/\b(drop|truncate|delete)\b/i.test(text) ? 'all' : 'one', /\b(drop|truncate|delete)\b/i.test(text)); return
    case 'select': case 'with': case 'values': case 'table': select(text, target, database, shell); return
    case 'shutdown': shell.does('service', 'system', { target: 'the database' }); return
    case 'purge': case 'flush': does('many', word === 'purge'); return
    case 'pragma': if (/=\s*\S/.test(text) && !/journal_mode|foreign_keys|cache_size|synchronous|busy/i.test(text)) does('one', false)
      return
    case 'set': if (/global\s+(general_log|log_|sql_log_bin|local_infile|audit)/i.test(text)) shell.does(/off|=\s*0/i.test(text) ? 'audit.off' : 'config', 'remote', { target })
      else if (/\bset\s+(global|persist)\b/i.test(text)) does('one', false)
      return
    default: if (!READS.test(text)) does('one', false)
  }
}

function select(text: string, target: string, database: Database, shell: Shell): void {
  const path = /into\s+(?:out|dump)file\s+'([^']*)'/i.exec(text)?.[1]
  if (path !== undefined) shell.touch('fs.write', path, { amount: 'one' })
  else if (/\binto\s+(?!@)\w+\s+from\b/i.test(text)) lose({ amount: 'one', isDestroyed: false, target, note: undefined }, database, shell)
  if (/\b(pg_terminate_backend|pg_cancel_backend|lo_export|pg_reload_conf|pg_rotate_logfile|setval|nextval|dblink_exec|pg_drop_replication_slot|load_extension|sys_exec|sys_eval|pg_switch_wal|pg_promote)\s*\(/i.test(text)) lose({ amount: 'one', isDestroyed: false, target, note: undefined }, database, shell)
  if (/\b(pg_read_file|load_file|pg_ls_dir|readfile)\s*\(\s*'([^']*)'/i.test(text)) shell.does('secret.read', 'secret', { target })
  if (/\b(password(_hash)?|passwd|secret|authentication_string|rolpassword|api_key|access_token|private_key)\b[^']*\bfrom\b|\bfrom\s+(pg_shadow|pg_authid|mysql\.user|sys\.user\$|sys\.sql_logins)/i.test(text)) shell.does('secret.read', 'secret', { target })
}

function isBounded(text: string): boolean {
  const where = /\bwhere\b(.*)$/is.exec(text)?.[1]
  if (where === undefined) return /\blimit\s+\d+\s*$/i.test(text)
  return !/^\s*(\(?\s*(1\s*=\s*1|true|1|'a'\s*=\s*'a'|not\s+false|1\s*<>\s*0|id\s*=\s*id|0\s*=\s*0|2\s*>\s*1)\s*\)?)\s*($|or\b|;|limit|returning)/i.test(where) && !/\bor\s+(1\s*=\s*1|true|'(\w)'\s*=\s*'\2')/i.test(where)
}

interface Loss {
  readonly amount: 'one' | 'many' | 'all'
  readonly isDestroyed: boolean
  readonly target: string
  readonly note: string | undefined
}

/** A database of the project alone is one of its files. */
function lose({ amount, isDestroyed, target, note }: Loss, { isLocal }: Database, shell: Shell): void {
  if (isLocal) {
    if (isDestroyed && amount === 'all') shell.does('vcs.lose', 'project', { target, note: note ?? 'deletes data of a database file' })
    else shell.does(isDestroyed && amount !== 'one' ? 'vcs.lose' : 'fs.write', 'project', { target })
  } else shell.does(isDestroyed ? 'remote.destroy' : 'remote.write', 'remote', { amount: amount === 'all' ? 'all' : 'one', target, note })
}
