// The chosen tests that pass under plain Node and fail inside an executable, and why. The spec fails
// when one of them starts to pass.

const SHELL = 'a shell starts the executable with options of Node, which are arguments of the program there'
const KERNEL_LINK =
  'a symbolic link on the disk into the tree: the kernel finds nothing there, so what it leads to is copied'
const WATCH = 'fs.watch throws ENOTDIR: the kernel has no embedded file to watch (and none ever changes)'
const WATCH_FILE = 'fs.watchFile looks past the tree and calls back as for a missing file'
const SHELL_DIRECTORY = 'a shell cannot have an embedded directory as its working directory'

export type Subject = 'fs' | 'modules' | 'workers' | 'children'

export const DIFFERING: Readonly<Record<Subject, Readonly<Record<string, string>>>> = {
  fs: {
    'parallel/test-fs-options-immutable.js': WATCH,
    'parallel/test-fs-promises-watch.js': WATCH,
    'parallel/test-fs-watch-ref-unref.js': WATCH,
    'parallel/test-fs-watchfile-ref-unref.js': WATCH_FILE,
    'parallel/test-fs-readfile-pipe.js': 'another program (cat) is given the path of an embedded file',
    'parallel/test-fs-realpath.js': KERNEL_LINK,
    'parallel/test-fs-symlink-buffer-path.js': KERNEL_LINK,
    'parallel/test-fs-symlink-dir-junction.js': KERNEL_LINK,
    'parallel/test-fs-symlink-dir-junction-relative.js': KERNEL_LINK,
  },
  modules: {
    'es-module/test-esm-cjs-named-error.mjs':
      'source maps are on, because the build compiled a module; Node does not explain missing exports then',
    'es-module/test-esm-main-lookup.mjs':
      'an import of a directory is resolved by the build, as compilers do, where Node refuses it',
    'es-module/test-esm-repl-imports.js': 'there is no REPL (--interactive) inside',
    'es-module/test-esm-symlink-type.js': KERNEL_LINK,
    'parallel/test-module-loading-globalpaths.js': 'NODE_PATH does not count: the environment is sealed',
    'parallel/test-module-globalpaths-nodepath.js':
      'NODE_PATH does not count, wherever it comes from: the environment is sealed',
    'parallel/test-preload-self-referential.js': SHELL_DIRECTORY,
    'parallel/test-preload.js': SHELL_DIRECTORY,
    'parallel/test-require-symlink.js': 'NODE_PRESERVE_SYMLINKS does not count: the environment is sealed',
  },
  workers: {
    'parallel/test-worker-track-unmanaged-fds.js':
      'descriptors of embedded files belong to the thread that opened them',
  },
  children: {
    'parallel/test-child-process-exec-maxbuf.js': SHELL,
    'parallel/test-child-process-execsync-maxbuf.js': SHELL,
    'parallel/test-child-process-promisified.js': SHELL,
    'parallel/test-child-process-spawn-shell.js': SHELL,
    'sequential/test-child-process-execsync.js': SHELL,
  },
}
