/** What the looks make of what programs and the kernel print; the machine itself is in test/e2e/doctor.test.ts. */
import {describe, expect, it} from 'vitest'
import {clockFound} from '../../src/doctor/clock.js'
import {readTrial} from '../../src/doctor/folder.js'
import {memoryLimit} from '../../src/doctor/limits.js'
import {bytes} from '../../src/doctor/look.js'
import {withoutLogin} from '../../src/doctor/proxies.js'
import {quotaFound, readQuotas} from '../../src/doctor/quota.js'
import {setAside} from '../../src/doctor/subordinate-ids.js'

describe('quotas, as `quota -w -p` prints them', () => {
  const lines = [
    'Disk quotas for user hpc (uid 1000): ',
    '     Filesystem  blocks   quota   limit   grace   files   quota   limit   grace',
    'server:/home  19500000  20000000  25000000       0  1200       0       0       0',
    '/dev/sdb1  30000000*  20000000  25000000   604800  90  100  110       0',
    'server:/free  12  0  0  0  3  0  0  0',
  ]

  it('are read with what is over, and those without a limit left out', () => {
    expect(readQuotas(lines).map(each => [each.place, each.unit, each.used, each.limit])).toEqual([
      ['server:/home', 'bytes', 19_500_000 * 1024, 20_000_000 * 1024],
      ['/dev/sdb1', 'bytes', 30_000_000 * 1024, 20_000_000 * 1024],
      ['/dev/sdb1', 'files', 90, 100],
    ])
  })

  it('are a warning when nearly used up, and an error beyond', () => {
    expect(readQuotas(lines).map(each => quotaFound(each).status)).toEqual(['warning', 'error', 'warning'])
    expect(quotaFound({place: '/home', unit: 'files', used: 89, limit: 100})).toEqual({
      status: 'ok',
      text: '/home: 89 files of 100 files used',
    })
  })
})

describe('the memory limit', () => {
  const read = (files: Readonly<Record<string, string>>) => memoryLimit(file => files[file])

  it('is the smallest on the way up, with one hierarchy', () => {
    expect(
      read({
        '/proc/self/cgroup': '0::/slurm/job_7/step_0',
        '/sys/fs/cgroup/slurm/job_7/step_0/memory.max': 'max',
        '/sys/fs/cgroup/slurm/job_7/memory.max': '4294967296',
        '/sys/fs/cgroup/slurm/memory.max': '8589934592',
      }),
    ).toBe(4_294_967_296)
  })

  it('is that of the memory controller, with several', () => {
    const files = {
      '/proc/self/cgroup': '9:name=systemd:/x\n4:cpu,memory:/job\n0::/',
      '/sys/fs/cgroup/memory/job/memory.limit_in_bytes': '1073741824',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    }
    expect(read(files)).toBe(1_073_741_824)
    expect(read({...files, '/sys/fs/cgroup/memory/job/memory.limit_in_bytes': '9223372036854771712'})).toBeUndefined()
  })

  it('is none where nothing tells', () => {
    expect(read({})).toBeUndefined()
  })
})

it('the name and the password of a proxy are not shown', () => {
  expect(withoutLogin('http://me:s3cret@proxy.example:3128/')).toBe('http://***@proxy.example:3128/')
  expect(withoutLogin('me:p@ss@proxy.example:3128')).toBe('***@proxy.example:3128')
  expect(withoutLogin('http://proxy.example:3128')).toBe('http://proxy.example:3128')
})

it('ranges of subordinate ids are added up, by name or number', () => {
  const text = 'other:100000:65536\nhpc:200000:1000\n1000:300000:500\nhpcx:1:9\n'
  expect(setAside(text, {user: 'hpc', uid: 1000, gid: 1000, home: '/'})).toBe(1_500)
})

it('a clock that is a second off is no other clock', () => {
  expect(clockFound('/store', 1.4).status).toBe('ok')
  expect(clockFound('/store', -90.2)).toMatchObject({status: 'warning', text: 'the clock of /store is 90 s behind'})
})

it('what a trial in a folder prints is read, also when it breaks off', () => {
  const lines = ['folder /scratch', 'facts 6969 4096 1000 50 40', 'unwritable Read-only file system']
  expect(readTrial(lines)).toMatchObject({
    folder: '/scratch',
    exists: false,
    network: 'NFS',
    inMemory: false,
    unwritable: 'Read-only file system',
    run: 'it was not tried',
    clock: undefined,
  })
  expect(readTrial(['folder /scratch'])).toBeUndefined()
})

it('sizes are short', () => {
  expect([bytes(0), bytes(315_000_000), bytes(5e9), bytes(250e9), bytes(3.2e12)]).toEqual([
    '0.0 MB',
    '315 MB',
    '5.0 GB',
    '250 GB',
    '3.2 TB',
  ])
})
