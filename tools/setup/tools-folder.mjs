// Where programs that were fetched or built are kept: `.tools` in a checkout. What is installed as a package lies under node_modules, which
// may be read-only and is thrown away with every install, so it keeps them where this user's programs keep such things.
import { mkdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'

/**
 * @param {string} root the checkout, or the package's dist
 * @param {NodeJS.ProcessEnv} [env]
 * @param {NodeJS.Platform} [platform]
 */
export function toolsFolder(root, env = process.env, platform = process.platform) {
  if (!isInstalled(root)) return path.join(root, '.tools')
  const home = os.homedir()
  const places = { darwin: path.join(home, 'Library', 'Caches'), win32: env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local') }
  const place = env.XDG_CACHE_HOME ?? (platform === 'darwin' || platform === 'win32' ? places[platform] : path.join(home, '.cache'))
  return path.join(place, 'mcp-stampede')
}

/**
 * The lock that whoever fetches or builds takes; a checkout has one for its npm packages too.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function lockFile(root, env = process.env) {
  if (!isInstalled(root)) return path.join(root, '.setup.lock')
  await mkdir(toolsFolder(root, env), { recursive: true })
  return path.join(toolsFolder(root, env), '.setup.lock')
}

/** @param {string} root */
function isInstalled(root) {
  return root.split(path.sep).includes('node_modules')
}
