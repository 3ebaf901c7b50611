/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_key = {
  .path = "key",
  .summary = N_ ("make keys and show their DIDs"),
  .description = N_ ("A key is the identity of a node, of a person or of an organisation. It lies "
                     "encrypted in the user directory, one file a context, and opens with its passphrase."),
};
