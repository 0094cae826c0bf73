/** Archives: what is packed may be a credential, what is unpacked may land anywhere. */
import { contentOf, has, sorted, valuesOf, type Call } from '../call.ts'
import { readFrom, writeTo } from '../shell/redirects.ts'
import type { Shell } from '../shell/shell.ts'
import { UNKNOWN_FLOW, type Flow } from '../text.ts'
import { startText } from './wrap.ts'

const TAR_VALUES = new Set('-f --file -C --directory -T --files-from -X --exclude-from --exclude -I --use-compress-program --transform --checkpoint-action --to-command --owner --group --mode --strip-components --one-top-level -b -L -F --info-script --rsh-command --newer -N'.split(' '))

export function tarRun({ name, words, shell, stdin }: Call): Flow {
  // `tar xzf a.tgz`: the first word is options, and their values follow in order.
  const first = words[0] ?? ''
  const bundled = name.includes('tar') && /^[a-zA-Z]+$/.test(first) ? ['-' + first.replace(/[fCTX]/g, '') + (first.includes('f') ? 'f' : ''), ...words.slice(1)] : words
  const { flags, operands } = sorted(bundled, TAR_VALUES)
  for (const option of [...valuesOf(flags, '--checkpoint-action'), ...valuesOf(flags, '--to-command').map((text) => `exec=${text}`), ...valuesOf(flags, '-I', '--use-compress-program', '-F', '--info-script', '--rsh-command').map((text) => `exec=${text}`)]) {
    const text = /^exec=(.*)$/s.exec(option)?.[1]
    if (text !== undefined && !/^(pigz|zstd|xz|gzip|lz4|bzip2|pbzip2|pixz|zstdmt|lzip)\b[^;|&]*$/.test(text)) startText(text, shell, UNKNOWN_FLOW)
  }
  const archive = valuesOf(flags, '-f', '--file').at(-1)
  const folder = valuesOf(flags, '-C', '--directory').at(-1)
  if (has(flags, '-t', '--list', '-d', '--diff', '--compare')) return UNKNOWN_FLOW
  if (name === 'cpio' ? has(flags, '-i', '-p') : has(flags, '-x', '--extract', '--get')) {
    if (has(flags, '-O', '--to-stdout')) return { ...UNKNOWN_FLOW, isDownloaded: stdin.isDownloaded }
    unpackTo(folder ?? '.', operands, shell, has(flags, '-P', '--absolute-names'))
    return UNKNOWN_FLOW
  }
  const isSecret = operands.some((path) => holdsSecrets(folder === undefined || path.startsWith('/') ? path : `${folder}/${path}`, shell))
  const out: Flow = { ...UNKNOWN_FLOW, isSecret }
  if (archive === undefined || archive === '-') return out
  if (isSecret && !(operands.every((path) => shell.place(path).scope === 'project'))) shell.does('secret.read', 'secret', { target: operands.join(' '), note: 'packs a credential' })
  writeTo(archive, out, shell)
  if (has(flags, '--remove-files')) for (const path of operands) shell.touch('fs.delete', path, { amount: 'many' })
  return UNKNOWN_FLOW
}

function holdsSecrets(path: string, shell: Shell): boolean {
  const place = shell.place(path)
  return place.isSecret || readFrom(path, shell).isSecret || (place.scope === 'home' && place.path === shell.home)
}

/** Unpacked into a system's root, it may replace anything there. */
function unpackTo(folder: string, members: readonly string[], shell: Shell, isAbsolute: boolean): void {
  const { scope, isWhole } = shell.place(folder)
  if (isAbsolute) shell.does('fs.write', 'unknown', { target: 'wherever the archive says' })
  if (scope === 'project' || scope === 'build' || scope === 'temp') shell.touch('fs.write', folder, { amount: 'one' })
  else shell.does('fs.write', scope === 'system' && isWhole ? 'vital' : scope, { target: folder, amount: 'many', note: members.length > 0 ? undefined : `unpacks over ${folder}` })
}

export function zipRun({ name, words, shell }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('-d -x -i -P -TT --unzip-command -b -n'.split(' ')))
  for (const text of [...valuesOf(flags, '--unzip-command'), ...words.flatMap((word, at) => (word === '-TT' ? [words[at + 1] ?? ''] : []))]) startText(text.replace(/\{\}/g, 'archive'), shell, UNKNOWN_FLOW)
  if (/^(zipinfo|lsar)$/.test(name) || has(flags, '-l', '-v', '-t', '-Z', '-z') || /^(l|t|i|b|h|lb|lt|v|vb|vt|tf|tvf|-tf|-tvf)$/.test(operands[0] ?? '') || (name === 'jar' && /^-?t/.test(words[0] ?? ''))) return UNKNOWN_FLOW
  if (/^(unzip|unrar|unar|cabextract)$/.test(name) || (/^(7z|7za|7zz|rar|p7zip)$/.test(name) && /^[xe]$/.test(operands[0] ?? ''))) {
    if (has(flags, '-p') && name === 'unzip') return UNKNOWN_FLOW
    unpackTo(valuesOf(flags, '-d').at(-1) ?? words.find((word) => /^-o./.test(word) && name !== 'unzip')?.slice(2) ?? '.', [], shell, false)
    return UNKNOWN_FLOW
  }
  const members = operands.slice(/^(7z|7za|7zz|rar|p7zip)$/.test(name) ? 2 : 1)
  const archive = operands[/^(7z|7za|7zz|rar|p7zip)$/.test(name) ? 1 : 0] ?? 'archive'
  const isSecret = members.some((path) => holdsSecrets(path, shell))
  if (isSecret && !members.every((path) => shell.place(path).scope === 'project')) shell.does('secret.read', 'secret', { target: members.join(' '), note: 'packs a credential' })
  if (archive === '-') return { ...UNKNOWN_FLOW, isSecret }
  writeTo(archive, { ...UNKNOWN_FLOW, isSecret }, shell)
  if ((name === 'zip' && has(flags, '-m', '--move')) || has(flags, '-sdel')) for (const path of members) shell.touch('fs.delete', path, { amount: 'many' })
  return UNKNOWN_FLOW
}

/** gzip and its relatives replace the file that they are given. */
export function sevenZipRun(call: Call): Flow {
  const { flags, operands, shell, name } = call
  if (has(flags, '-l', '--list', '-t', '--test')) return UNKNOWN_FLOW
  for (const path of valuesOf(flags, '-o')) writeTo(path, UNKNOWN_FLOW, shell)
  if (has(flags, '-c', '--stdout', '--to-stdout') || operands.length === 0 || operands.includes('-') || name.endsWith('cat')) return { ...contentOf(operands, call), text: undefined }
  for (const path of operands) shell.touch('fs.write', path, { amount: has(flags, '-r') ? 'many' : 'one' })
  return UNKNOWN_FLOW
}

export function opensslRun({ words, shell, stdin }: Call): Flow {
  const { flags, operands } = sorted(words, new Set('--in --out --key --keyout --inkey --passin --passout --pass --connect --days --subj --config --cert --CAfile --k --K --iv --signature --verify --sign'.split(' ')), 'long')
  const [verb = ''] = operands
  for (const path of valuesOf(flags, '--out', '--keyout')) writeTo(path, UNKNOWN_FLOW, shell)
  if (verb === 's_server') shell.does('net.listen', 'remote', { target: 'openssl s_server' })
  const isPrivate = valuesOf(flags, '--in', '--inkey', '--key').some((path) => readFrom(path, shell).isSecret)
  const printsIt = /^(rsa|pkey|ec|pkcs12|pkcs8|dsa|enc|base64|asn1parse|rsautl|pkeyutl|cat)$/.test(verb) && !has(flags, '--noout', '--pubout', '--check', '--modulus') && !has(flags, '--out')
  return { ...UNKNOWN_FLOW, isSecret: (isPrivate && printsIt) || (stdin.isSecret && !/^(dgst|sha\d*|md5)$/.test(verb)), isDownloaded: stdin.isDownloaded || verb === 's_client' }
}
