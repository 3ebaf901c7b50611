/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_gpu = {
  .path = "gpu",
  .summary = N_ ("show this machine's GPUs"),
};
