/** `/usr/bin/python3.12` is python, `RM.EXE` is rm. */
export function programIn(word: string): string {
  const base = word.replaceAll('\\', '/').split('/').at(-1) ?? word
  const plain = /\.(exe|com|cmd|bat)$/i.test(base) ? base.replace(/\.\w+$/, '').toLowerCase() : base
  return plain.replace(/^(python|pip|perl|ruby|php|lua|node|gcc|g\+\+|clang|clang\+\+|llvm-\w+)-?\d+(\.\d+)*$/, '$1')
}
