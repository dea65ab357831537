@rest
Feature: How sagas go
  A checkout is a sequence of steps, each with its undo. Whoever runs the shop sees where each one is.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5
    And ann has 1 "shirt" in her cart

  Scenario: A checkout that is done
    When ann checks out
    Then the newest saga is done, with all of its steps
    And no saga is open

  Scenario: A checkout that waits for the buyer
    When ann checks out with a card that needs 3-D Secure
    Then the newest saga is running, with some of its steps
    And trying it again at once does no harm
    When ann confirms at her bank's page
    Then ann's order is placed within 20 seconds
    And the newest saga is done, with all of its steps

  Scenario: A checkout that failed
    When ann checks out with a card that is declined
    Then the newest saga is undone because of payment_declined
    And it can't be tried again

  Scenario: A saga that there is not
    When somebody with every right asks GET /v1/sagas/01jd4w3h8s4v6x2y0z1a2b3c4d
    Then it is answered 404
