/** Variables of the caller that engines are not given. */
import {droppedVariables} from '../system/environment.js'
import {type Look, warning} from './look.js'

export const environment: Look = {
  name: 'environment',
  look({environment: variables}) {
    const names = droppedVariables(variables)
    if (names.length === 0) return []
    return [
      warning(
        `not handed on to engines: ${names.join(', ')}`,
        'they would change an image without showing in its description',
        `what an image needs belongs into %environment, ENV or --bind; to be rid of this line: unset ${names.join(' ')}`,
      ),
    ]
  },
}
