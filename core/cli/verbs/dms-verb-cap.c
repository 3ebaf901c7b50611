/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_cap = {
  .path = "cap",
  .summary = N_ ("say who may do what"),
  .description = N_ ("A capability context belongs to one key. It holds roots (trusted without limit), "
                     "require anchors (what others may do here), provide anchors (what this context may do "
                     "elsewhere) and revocations. Tokens carry rights from one to another; they are "
                     "signed, they expire, and nobody can pass on more than they have."),
  .examples = "  # join an organisation that has sent an invitation: see what it means, then agree or not\n"
              "  nunet cap join invitation.txt\n"
              "  # let an organisation use this machine for jobs\n"
              "  nunet cap anchor -c dms --require \"$(nunet cap grant -c dms --cap /dms/deployment \\\n"
              "      --cap /public --cap /broadcast --topic /nunet --duration 720h <organisation DID>)\"\n",
};
