/** The same command in other clothes: none of them may make it look better. */

import type { Labelled } from './corpus.ts'

export interface Mutant {
  readonly how: string
  readonly command: string
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
const base64 = (text: string) => Buffer.from(text).toString('base64')
const hex = (text: string) => Buffer.from(text).toString('hex')

/** Of any line. */
const AROUND: Readonly<Record<string, (line: string) => string>> = {
  'bash -c': (line) => `bash -c ${quoted(line)}`, 'sh in sh': (line) => `sh -c ${quoted(`sh -c ${quoted(line)}`)}`, 'eval': (line) => `eval ${quoted(line)}`, 'base64': (line) => `echo ${base64(line)} | base64 -d | bash`,
  'base64 in a variable': (line) => `P=${base64(line)}; echo "$P" | base64 --decode | sh`, 'base64 substituted': (line) => `bash -c "$(echo ${base64(line)} | base64 -d)"`, 'hex': (line) => `echo ${hex(line)} | xxd -r -p | sh`, 'here-document': (line) => `bash <<'END'\n${line}\nEND`, 'here-string': (line) => `bash <<< ${quoted(line)}`,
  'function': (line) => `zz() {\n${line}\n}; zz`, 'subshell': (line) => `(\n${line}\n)`, 'group': (line) => `{\n${line}\n}`, 'if': (line) => `if true; then\n${line}\nfi`, 'after &&': (line) => `true && bash -c ${quoted(line)}`, 'after ||': (line) => `false || sh -c ${quoted(line)}`, 'trap': (line) => `trap ${quoted(line)} EXIT`,
  'in a sum': (line) => `echo $(( $(sh -c ${quoted(line)}) + 1 ))`, 'in a sum, backticks': (line) => `(( x = \`eval "$(echo ${base64(line)} | base64 -d)"\` ))`, 'as a pattern': (line) => `case x in $(sh -c ${quoted(line)})) ;; esac`, 'where a loop begins': (line) => `for (( i = $(sh -c ${quoted(line)}); i < 1; i++ )); do :; done`, 'substitution': (line) => `echo "$(\n${line}\n)"`, 'variable': (line) => `C=${quoted(line)}; eval "$C"`, 'printf': (line) => `printf '%s' ${quoted(line)} | sh`, 'file': (line) => `printf '%s\\n' ${quoted(line)} > /tmp/zz.sh && sh /tmp/zz.sh`, 'background': (line) => `bash -c ${quoted(line)} &`, 'loop': (line) => `for i in 1; do\n${line}\ndone`,
  'nohup timeout nice': (line) => `nohup timeout 60 nice -n 5 bash -c ${quoted(line)}`, 'env': (line) => `env A=1 bash -c ${quoted(line)}`, 'xargs': (line) => `echo x | xargs -I{} sh -c ${quoted(line)}`, 'python': (line) => `python3 -c ${quoted(`import os; os.system(${JSON.stringify(line)})`)}`, 'rev': (line) => `echo ${quoted([...line].reverse().join(''))} | rev | sh`,
  'ANSI-C': (line) => `eval $'${[...Buffer.from(line)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'`, 'cut in two': (line) => `A=${quoted(line.slice(0, line.length / 2))}; B=${quoted(line.slice(line.length / 2))}; eval "$A$B"`, 'at': (line) => `echo ${quoted(line)} | at now`, 'find -exec': (line) => `find . -maxdepth 0 -exec sh -c ${quoted(line)} \\;`,
}

/** Of a line that is one plain command. */
const INSIDE: Readonly<Record<string, (program: string, rest: string) => string>> = {
  'split by quotes': (program, rest) => `${program.slice(0, 1)}''${program.slice(1)} ${rest}`, 'double quotes': (program, rest) => `"${program}" ${rest}`, 'backslash': (program, rest) => `\\${program} ${rest}`, 'hex name': (program, rest) => `$'${[...Buffer.from(program)].map((byte) => `\\x${byte.toString(16)}`).join('')}' ${rest}`,
  'name in a variable': (program, rest) => `X=${program}; $X ${rest}`, 'name in two': (program, rest) => `X=${program.slice(0, 1)} Y=${program.slice(1)}; $X$Y ${rest}`, 'continued': (program, rest) => `${program} \\\n  ${rest}`, 'alias': (program, rest) => `alias zz=${program}; zz ${rest}`, 'command': (program, rest) => `command ${program} ${rest}`,
  'default': (program, rest) => `\${UNSET_X:-${program}} ${rest}`, 'exec': (program, rest) => `exec ${program} ${rest}`, 'substituted name': (program, rest) => `$(echo ${program}) ${rest}`, 'array': (program, rest) => `a=(${program} ${rest}); "\${a[@]}"`,
}

const PLAIN = /^([a-z][a-z0-9.-]*) ([^;|&<>(){}\n`$#"'*?[~\\]+)$/

/** Of a line of bash or PowerShell; of other shells there are none. */
export function mutantsIn({ command, shell }: Pick<Labelled, 'command' | 'shell'>): (Mutant & Pick<Labelled, 'shell'>)[] {
  return shell === 'powershell' ? powershellMutantsOf(command).map((mutant) => ({ ...mutant, shell })) : shell === undefined ? mutantsOf(command) : []
}

export function mutantsOf(command: string): Mutant[] {
  const around = Object.entries(AROUND).map(([how, change]) => ({ how, command: change(command) }))
  const plain = PLAIN.exec(command)
  if (!plain || plain[1] === 'alias' || plain[1] === 'trap') return around
  const [, program = '', rest = ''] = plain
  const blank = { how: '$IFS', command: `${program}\${IFS}${rest.trim().split(/\s+/).join('${IFS}')}` }
  return [...around, ...Object.entries(INSIDE).map(([how, change]) => ({ how, command: change(program, rest) })), blank]
}

const IN_POWERSHELL: Readonly<Record<string, (line: string) => string>> = {
  'script block': (line) => `& { ${line} }`, 'if': (line) => `if ($true) { ${line} }`, 'switch': (line) => `switch (1) { 1 { ${line} } }`, 'loop': (line) => `foreach ($i in 1) { ${line} }`, 'pipeline': (line) => `1..1 | ForEach-Object { ${line} }`, 'try': (line) => `try { ${line} } catch { }`,
  'function': (line) => `function zz { ${line} }; zz`, 'job': (line) => `Start-Job -ScriptBlock { ${line} }`, 'encoded': (line) => `powershell -EncodedCommand ${Buffer.from(line, 'utf16le').toString('base64')}`, 'iex': (line) => `Invoke-Expression '${line.replaceAll("'", "''")}'`, 'value': (line) => `$zz = $(${line})`, 'decoded': (line) => `iex ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('${base64(line)}')))`,
}

function powershellMutantsOf(command: string): Mutant[] {
  return Object.entries(IN_POWERSHELL).map(([how, change]) => ({ how, command: change(command) }))
}
