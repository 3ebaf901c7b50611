# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: allocation types
  A task ends by itself; a service is ended.

  Background:
    Given these nodes:
      | name  | role         |
      | Alice | orchestrator |
      | Bob   | provider     |
    And they are members of the organisation "nunet"

  Scenario Outline: Task-type allocation
    Given jobs run in a <executor>
    And a job with these allocations:
      | node | name | type | runs      |
      | here | main | task | echo done |
    When Alice deploys it
    Then the deployment becomes Completed
    And the output of "here.main" is "done"
    And nothing of it is left

    Examples: in a sandbox
      | executor |
      | process  |

    @engine
    Examples: in a container
      | executor |
      | docker   |

  Scenario Outline: Service-type allocation
    Given jobs run in a <executor>
    And a job with these allocations:
      | node | name | type    | runs                                     |
      | here | main | service | while true; do echo alive; sleep 1; done |
    When Alice deploys it
    Then the deployment becomes Running
    And the providers hold exactly what it asked for
    And "here.main" prints more and more
    And the deployment is still Running
    When Alice shuts it down
    Then the deployment becomes Completed
    And nothing of it is left

    Examples: in a sandbox
      | executor |
      | process  |

    @engine
    Examples: in a container
      | executor |
      | docker   |
