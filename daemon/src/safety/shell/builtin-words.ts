/** What the shell's own commands are for, as an explanation says it. */
const WORDS: Readonly<Record<string, string>> = {
  'echo': 'prints', 'printf': 'prints', 'cd': 'goes to another folder', 'pushd': 'goes to another folder', 'popd': 'goes back to a folder', 'export': 'sets variables for what follows', 'declare': 'sets variables', 'typeset': 'sets variables', 'local': 'sets variables', 'readonly': 'sets variables',
  'unset': 'takes variables away', 'set': 'sets options of this shell', 'shopt': 'sets options of this shell', 'eval': 'runs a text as commands', 'source': 'runs a file in this shell', '.': 'runs a file in this shell', 'trap': 'keeps a command for later', 'alias': 'gives a command another name',
  'unalias': 'takes names of commands away', 'read': 'reads a line into variables', 'mapfile': 'reads lines into a variable', 'readarray': 'reads lines into a variable', 'test': 'compares', '[': 'compares', 'history': 'shows or changes the history of this shell', 'exit': 'ends this shell', 'return': 'ends a function',
  'true': 'does nothing', ':': 'does nothing', 'false': 'fails', 'wait': 'waits for processes', 'command': 'runs a command past functions of its name', 'builtin': 'runs a command of the shell', 'exec': 'becomes another program', 'type': 'tells what a name means', 'hash': 'remembers where programs are', 'ulimit': 'shows or sets limits', 'umask': 'shows or sets the rights of new files',
}

export function wordsOfBuiltin(name: string): string {
  return WORDS[name] ?? 'belongs to the shell'
}
