/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_plugin = {
  .path = "plugin",
  .summary = N_ ("show the plugins of this node"),
};
