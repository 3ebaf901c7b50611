/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_config = {
  .path = "config",
  .summary = N_ ("show and change the configuration"),
};
