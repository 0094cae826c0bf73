import { expect, test } from 'vitest'
import { homeOf } from './home.ts'

test('NEXUS_HOME holds everything', () => {
  expect(homeOf({ NEXUS_HOME: '/n', HOME: '/home/u', XDG_STATE_HOME: '/s' }, 1000)).toEqual({ state: '/n', config: '/n', runtime: '/n/run', socket: '/n/run/daemon.sock', log: '/n/daemon.log' })
})

test('else the XDG folders, with their defaults', () => {
  expect(homeOf({ HOME: '/home/u' }, 1000)).toMatchObject({ state: '/home/u/.local/state/nexus', config: '/home/u/.config/nexus', socket: '/home/u/.local/state/nexus/run/daemon.sock' })
  expect(homeOf({ HOME: '/home/u', XDG_RUNTIME_DIR: '/run/user/7' }, 7).socket).toBe('/run/user/7/nexus/daemon.sock')
})

test('relative folders are ignored, as XDG says', () => {
  expect(homeOf({ HOME: '/home/u', NEXUS_HOME: 'here', XDG_STATE_HOME: '../s' }, 1).state).toBe('/home/u/.local/state/nexus')
})

test('a long path gets a short link in the runtime folder of the login', () => {
  const long = `/${'x'.repeat(120)}`
  const home = homeOf({ NEXUS_HOME: long, XDG_RUNTIME_DIR: '/run/user/7' }, 7)
  expect(home.runtime).toBe(`${long}/run`)
  expect(home.socketLink).toMatch(/^\/run\/user\/7\/nexus-[0-9a-f]{12}$/)
  expect(home.socket).toBe(`${home.socketLink}/daemon.sock`)
})

test('no home at all is a problem that names the variable', () => {
  expect(() => homeOf({}, 1)).toThrow(expect.objectContaining({ code: 'home-unwritable', next: expect.stringContaining('NEXUS_HOME') }))
})
