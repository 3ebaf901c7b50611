/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "cli/dms-cli-verb.h"

G_BEGIN_DECLS

/* Every verb, ended by NULL. A verb above others (as `cap` is above `cap grant`) has an entry of its own. */
const DmsCliVerb *const *dms_cli_verbs_get_all (void);

/* One constant a file in verbs/. */
extern const DmsCliVerb dms_verb_run;
extern const DmsCliVerb dms_verb_version;

G_END_DECLS
