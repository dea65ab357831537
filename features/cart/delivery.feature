Feature: Where it goes and how it gets there

  Background:
    Given a product "shirt" at 20.00 EUR with stock 10, weighing 300 g
    And a shipping method "Standard" at 4.90 EUR to DE
    And a shipping method "Express" at 12.00 EUR to DE
    And a shipping method "Post" at 19.00 EUR to CH
    And ann has 1 "shirt" in her cart

  Scenario: An address is missing, then a way to get there
    Then ann's cart can't be checked out because of address_required, shipping_method_required
    When ann wants it sent to Germany
    Then ann's cart can't be checked out because of shipping_method_required
    When ann chooses "Standard"
    Then ann's cart can be checked out
    And ann's cart comes to 24.90 EUR

  Scenario: What goes there, cheapest first
    When ann wants it sent to Germany
    Then ann can choose "Standard" at 4.90 EUR, "Express" at 12.00 EUR
    When ann wants it sent to Switzerland
    Then ann can choose "Post" at 19.00 EUR

  Scenario: What does not go there is refused
    When ann wants it sent to Germany
    And ann chooses "Post"
    Then ann is told shipping_method_unavailable

  Scenario: What there is not is refused, wherever it goes
    When ann chooses "01jdnosuchmethod0000000000"
    Then ann is told validation_failed at "/shippingMethod"
    When ann wants it sent to Germany
    And ann chooses "01jdnosuchmethod0000000000"
    Then ann is told validation_failed at "/shippingMethod"
    When bob chooses "01jdnosuchmethod0000000000"
    Then bob is told validation_failed at "/shippingMethod"
    And ann's cart can't be checked out because of shipping_method_required

  Scenario: What no longer goes there is in the way
    Given ann wants it sent to Germany
    And ann chooses "Express"
    When ann wants it sent to Switzerland
    Then ann's cart can't be checked out because of shipping_method_unavailable
    And ann's cart comes to 20.00 EUR

  Scenario: Taking back what was said
    Given ann wants it sent to Germany
    And ann chooses "Standard"
    When ann chooses no shipping method
    Then ann's cart can't be checked out because of shipping_method_required

  Scenario: Nothing to ship
    Given a product "e-book" at 8.00 EUR that is digital
    When ann puts 1 "e-book" into her cart
    And ann takes "shirt" out of her cart
    Then ann's cart can be checked out
    And ann's cart comes to 8.00 EUR

  Scenario Outline: Addresses that are none
    When ann wants it sent to an address with <field> "<value>"
    Then ann is told validation_failed at "/shippingAddress/<field>"

    Examples:
      | field   | value |
      | country | XX    |
      | country | de    |
      | city    |       |
