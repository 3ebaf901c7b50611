/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_ensemble = {
  .path = "ensemble",
  .summary = N_ ("make, check and compare job files"),
  .description =
      N_ ("Imports files of other orchestrators, checks job files, draws and compares them, and asks "
          "which machines would run one, without starting anything."),
  .examples = "  # from a Compose file to a running job\n"
              "  nunet ensemble import compose.yaml -o shop.yaml\n"
              "  nunet ensemble plan shop.yaml\n"
              "  nunet deploy -f shop.yaml\n",
  .strict = TRUE,
};
