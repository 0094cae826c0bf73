import { expect, test } from 'vitest'
import { aliasesOf, mountedPlace, mountsBelow, mountTable } from './mount-table.ts'

const TEXT = String.raw`22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:5 / /srv/p/a\040b rw,nosuid,nodev - tmpfs x rw
24 23 0:6 / /srv/p/a\040b/inner ro,relatime shared:3 - tmpfs y rw
25 22 0:7 / /srv/pother rw - tmpfs z rw
26 22 0:8 / /srv/p\012q rw - tmpfs z rw
27 22 0:9 / /srv/p/a\040b ro - tmpfs on-top rw
`

test('names are unescaped and the mount on top counts', () => {
  expect(mountTable(TEXT)).toEqual([
    { point: '/', options: ['rw', 'relatime'], type: 'ext4' },
    { point: '/srv/p/a b', options: ['ro'], type: 'tmpfs' },
    { point: '/srv/p/a b/inner', options: ['ro', 'relatime'], type: 'tmpfs' },
    { point: '/srv/pother', options: ['rw'], type: 'tmpfs' },
    { point: '/srv/p\nq', options: ['rw'], type: 'tmpfs' },
  ])
})

test('below a folder, outermost only', () => {
  expect(mountsBelow('/srv/p', mountTable(TEXT))).toEqual(['/srv/p/a b'])
  expect(mountsBelow('/srv/p/a b', mountTable(TEXT))).toEqual(['/srv/p/a b/inner'])
})

test('where a folder lies, as other processes tell it of their mounts', () => {
  expect(mountedPlace('/srv/p/a b/inner/x y', TEXT)).toEqual({ device: '0:6', path: String.raw`/x\040y` })
  expect(mountedPlace('/srv/p/a b', TEXT)).toEqual({ device: '0:9', path: '/' })
  expect(mountedPlace('/var/lib', '22 1 254:0 /root/of/it /var rw - ext4 x rw')).toEqual({ device: '254:0', path: '/root/of/it/lib' })
})

test('a second name of what is hidden is found, unless something else lies over it', () => {
  const table = String.raw`1 0 8:1 / / rw - btrfs x rw
2 1 8:1 /@home /home rw - btrfs x rw
3 1 8:1 / /mnt/top\040level rw - btrfs x rw
4 3 0:9 / /mnt/top\040level/etc rw - tmpfs x rw
5 1 8:2 / /data rw - ext4 x rw
`
  expect(aliasesOf(['/home', '/home/ann', '/etc/shadow', '/root', '/data/x'], table)).toEqual(['/@home', '/mnt/top level/@home', '/@home/ann', '/mnt/top level/@home/ann', '/mnt/top level/root'])
  expect(aliasesOf(['/home'], TEXT)).toEqual([])
})
