/** Hostile programs as files in the project: compiled, or written for the interpreter that runs them. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bait } from './bait.ts'

/** `c`: statements of main; TRY(what, call) says `what DONE`, or `what` and the name of the error. */
export type Program = { readonly sh: string } | { readonly c: string } | { readonly python: string } | { readonly node: string }

const PRELUDE = `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#define TRY(what, call) do { errno = 0; long done = (long)(call); printf("%s %s\\n", what, done < 0 ? strerrorname_np(errno) : "DONE"); fflush(stdout); } while (0)
`

export class Programs {
  readonly #words: readonly string[][]

  constructor({ nexus, owner }: Bait, programs: readonly Program[]) {
    const own = (name: string) => {
      chmodSync(join(nexus.project, name), 0o755)
      chownSync(join(nexus.project, name), owner.uid, owner.gid)
    }
    this.#words = programs.map((program, at) => {
      const file = (extension: string, text: string) => {
        const name = `attack-${at}.${extension}`
        writeFileSync(join(nexus.project, name), text)
        own(name)
        return name
      }
      if ('sh' in program) return ['sh', file('sh', program.sh)]
      if ('python' in program) return ['python3', file('py', program.python)]
      if ('node' in program) return ['node', file('cjs', program.node)]
      const source = file('c', `${PRELUDE}\nint main(void) {\n${program.c}\nreturn 0;\n}\n`)
      execFileSync('gcc', ['-w', '-o', join(nexus.project, `attack-${at}`), join(nexus.project, source)], { stdio: ['ignore', 'ignore', 'inherit'] })
      own(`attack-${at}`)
      return [`./attack-${at}`]
    })
  }

  words(at: number): string[] {
    return this.#words[at] ?? []
  }
}
