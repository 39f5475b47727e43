import { nodeTests } from '../../node/suite.ts'

nodeTests('fs')
