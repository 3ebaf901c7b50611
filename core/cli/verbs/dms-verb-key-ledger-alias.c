/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_key_ledger_alias = {
  .path = "key ledger-alias",
  .summary = N_ ("refused: hardware wallets are not supported"),
};
