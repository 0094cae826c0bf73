/** Lines that nobody means well with: random bytes, broken quotes, deep nesting, long words, bombs for parsers. */

export type Random = () => number

const PIECES = ['rm -rf /', '"', "'", '`', '$(', ')', '${', '}', '{', '((', '))', '[[', ']]', '<<E', '<<<', '\n', '|', '||', '&&', '&', ';', ';;', 'if', 'then', 'fi', 'for x in', 'do', 'done', 'case x in', 'esac', '\\', '$', '*', '?', '~', '!', '#', '=', 'eval', 'bash -c', 'base64 -d', '$IFS', '\u0000', '\uE000', '\uFFFF', '😀', '\u202E', '%s', '{1..9}', '{a,b}', '>', '>>', '<(', '2>&1', 'a'.repeat(50), '-', '--', '/', '..', 'x=y', 'function f', '()', 'coproc', 'select', 'while', 'until', 'time', '\t', '\r', '<#', '#>', '@{', '%{', '^', '%PATH%', '-enc', 'git', 'docker run', 'kubectl', 'aws s3', 'DROP TABLE', 'find . -exec', 'xargs', 'sudo']

const BOMBS: readonly ((random: Random) => string)[] = [
  () => '$('.repeat(2000), () => '('.repeat(5000), () => '{'.repeat(5000), () => `${'$(echo '.repeat(300)}x${')'.repeat(300)}`, () => `${'bash -c "'.repeat(200)}x`, () => '"'.repeat(9999), () => `echo ${'{a,b}'.repeat(40)}`, () => `echo ${'{1..99999}'.repeat(6)}`, () => `${'if true; then '.repeat(800)}`,
  () => `rm -rf ${'a/'.repeat(30_000)}`, () => `x=${'y'.repeat(60_000)}; eval $x`, () => `f() { f; f; }; f`, () => 'a() { b; }; b() { c; }; c() { a; }; a', () => `${'x=$x$x$x$x$x$x$x$x; '.repeat(60)} echo $x`, () => `x=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; ${'x=$x$x; '.repeat(40)} rm $x`,
  () => `echo ${Buffer.from('echo '.repeat(9000)).toString('base64')} | base64 -d | sh`, () => `for i in {1..99}; do ${'for j in {1..99}; do '.repeat(6)} rm x; ${'done; '.repeat(6)} done`, () => `${'cat <<E\n'.repeat(900)}`, () => `echo ${'a'.repeat(60_000)} | sed 's/(a+)+$/b/'`, () => `x=${'a'.repeat(20_000)}; echo \${x//a*a*a*a*a*b/c}`,
  () => `find . ${'-exec sh -c "find . -exec true {} +" {} + '.repeat(300)}`, () => `python3 -c '${'os.system("'.repeat(900)}'`, () => `python3 -c "${'import os\n'.repeat(3000)}"`, () => `psql -c "${'SELECT 1; '.repeat(6000)}"`, () => `psql -c "${'/*'.repeat(20_000)}"`, () => `powershell -c "${'('.repeat(4000)}"`, () => `pwsh -c "${'@('.repeat(3000)}"`, () => `cmd /c "${'('.repeat(4000)}"`,
  () => `awk '${'system("'.repeat(3000)}'`, () => `sed -e '${'s/a/b/;'.repeat(6000)}' x`, () => `git ${'-c alias.x="!git x" '.repeat(500)} x`, () => `tr ${'a-z'.repeat(9000)} b <<< ${'x'.repeat(9000)}`, () => 'x'.repeat(70_000), () => `${'alias a="a a a"; '.repeat(300)}; a`, () => `trap '${'trap "'.repeat(400)}' EXIT`, () => `ssh ${'h ssh '.repeat(4000)}`, () => `sudo ${'sudo '.repeat(9000)} ls`,
  () => `echo ${'$((1+'.repeat(2000)}`, () => `echo \${${'a[${'.repeat(2000)}`, () => `[[ ${'( '.repeat(4000)}`, () => `printf '${'%s'.repeat(9000)}' ${'a '.repeat(9000)}`, () => `xargs ${'xargs '.repeat(9000)} rm`, () => `env ${'A=1 '.repeat(9000)} x`, () => `((${'('.repeat(3000)}`, () => `case x in ${'a) ;; '.repeat(6000)} esac`, () => `${'a | '.repeat(9000)} b`, () => `${'a && '.repeat(9000)} b`, () => `${'a\n'.repeat(20_000)}`, () => `f() { f | f & }; f`, () => `${'! '.repeat(20_000)} a`, () => `'${'\\'.repeat(30_000)}`,
]

/** What every one of them ends in: nothing that holds it may be safe. */
const DEADLY = '\n:\nrm -rf /\n'

export interface Hostile {
  readonly text: string
  /** The line deletes everything, whatever stands before: if it can be read, it is critical; if not, it is at least no good. */
  readonly isDeadly: boolean
}

export function hostile(random: Random, count: number): Hostile[] {
  return Array.from({ length: count }, (_, at) => {
    if (at < BOMBS.length) return { text: BOMBS[at]?.(random) ?? '', isDeadly: false }
    const length = 1 + Math.floor(random() * (at % 50 === 0 ? 2000 : 30))
    const parts = Array.from({ length }, () => (random() < 0.15 ? String.fromCodePoint(Math.floor(random() * 0xD7FF)) : (PIECES[Math.floor(random() * PIECES.length)] ?? '')))
    const isDeadly = at % 2 === 0
    return { text: parts.join(random() < 0.5 ? ' ' : '').slice(0, 64 * 1024) + (isDeadly ? DEADLY : ''), isDeadly }
  })
}
