/** The verdict on artifacts, over images that are lists of entries. */
import {describe, expect, it} from 'vitest'
import {verifyArtifact} from '../../src/build/verify.js'
import {Listing} from '../../src/images/listing.js'
import type {CopyStep, Expectation, Rules, Stage} from '../../src/model/description.js'
import type {ImageEntry} from '../../src/model/image.js'
import type {Span} from '../../src/model/span.js'
import {template} from './template.js'
